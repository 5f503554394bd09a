"""What came in (GitLab, GitHub, Jira, Jenkins, …): verified, normalised, and sent on to who subscribed."""
