// A mail server: says its port, and then each mail that it took, as lines of JSON.
import { readFileSync } from "node:fs";
import { simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";

const { secure, pem, methods, user, password, token } = JSON.parse(process.argv[2]);
const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");
const refusal = (responseCode, words) => Object.assign(new Error(words), { responseCode });

function authentic(auth) {
  if (auth.username !== user) return false;
  if (auth.method === "XOAUTH2") return auth.accessToken === token;
  return auth.method === "CRAM-MD5" ? auth.validatePassword(password) : auth.password === password;
}

const server = new SMTPServer({
  secure,
  key: readFileSync(pem),
  cert: readFileSync(pem),
  authMethods: methods,
  onAuth: (auth, session, done) =>
    authentic(auth) ? done(null, { user: auth.username }) : done(refusal(535, "Invalid username or password")),
  onRcptTo: ({ address }, session, done) =>
    done(address.startsWith("nobody@") ? refusal(550, "No such user here") : undefined),
  async onData(stream, session, done) {
    const { headers, subject, from, to, text, html, attachments } = await simpleParser(stream);
    const { envelope, tlsOptions } = session;
    say({
      sender: envelope.mailFrom.address,
      recipients: envelope.rcptTo.map(({ address }) => address),
      user: session.user,
      cipher: session.secure && tlsOptions ? tlsOptions.standardName : null,
      subject,
      from: from?.value,
      to: to?.value,
      automatic: headers.get("auto-submitted"),
      id: headers.get("message-id"),
      text,
      html,
      files: attachments.map(({ filename, contentType, content }) => [filename, contentType, content.toString("base64")]),
    });
    done();
  },
});
server.on("error", () => {}); // of a client that hangs up
server.listen(0, "127.0.0.1", () => say({ port: server.server.address().port }));
