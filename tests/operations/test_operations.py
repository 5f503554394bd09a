"""Every operation of every provider succeeds against its stand-in, with requests as the vendor describes them."""

from __future__ import annotations

import asyncio
import pkgutil

import pytest

from integrations_sdk.connectors.base import Request
from operations import scenarios
from support.aws import action_of, complaints
from support.contracts import Conformity, missing, validator
from support.coverage import record
from support.scenarios import Overruled, Rehearsal, kinds, operations, rehearse, scenario_names, suites_of

OPERATIONS = [(provider, operation) for provider in kinds() for operation in operations(provider)]


@pytest.fixture(scope="session")
def contracts() -> Conformity | None:
    """The vendors' own descriptions; None where they are absent."""
    return None if missing() else Conformity(validator())


def contract_of(seen: Rehearsal, request: Request, contracts: Conformity) -> tuple[str, str, str] | None:
    """The contract that has the request, where it is, its operation; None when none has, or a citation fits better."""
    exact = any("*" not in form for form in seen.cited(request))
    for name, root in seen.suite.contracts.items():
        base = seen.server.url + root
        operation = contracts.operation(name, request, base_url=base)
        if operation and not (exact and operation.endswith("}")):
            return name, base, operation
    return None


def overruled(seen: Rehearsal, request: Request, contracts: Conformity) -> set[Overruled]:
    """What had to overrule the contract that has the request; fails when that is not enough."""
    name, base, operation = contract_of(seen, request, contracts) or ("", "", "")
    said = contracts.complaints(name, request, base_url=base)
    details = [line for line in said if line.startswith("  ")] or said[-1:]
    wrong = [*details, *contracts.undescribed(name, request, operation)]
    found = seen.overruling(request, wrong)
    assert found or not wrong, "\n".join([seen.asked(request), *said, *wrong])
    return found


def described(seen: Rehearsal, request: Request, contracts: Conformity) -> set[str]:
    """The contract's operation, with the pages that overrule it if any must; empty when no contract has the request."""
    if (found := contract_of(seen, request, contracts)) is None:
        return set()
    name, _, operation = found
    pages = {one.page for one in overruled(seen, request, contracts)}
    return {f"contract {name}: {operation}", *pages}


def modelled(seen: Rehearsal, request: Request) -> set[str]:
    """The operation of AWS' own model; empty when the provider is not AWS."""
    if (service := seen.suite.model) is None:
        return set()
    action, given = action_of(request)
    assert complaints(service, action, given) == "", action
    return {f"contract botocore {service}: {action}"}


def followed(seen: Rehearsal, request: Request, contracts: Conformity | None) -> set[str]:
    """What the request is as: contracts, else the page that is cited."""
    found = modelled(seen, request) | (described(seen, request, contracts) if contracts else set())
    return found or {*seen.cited(request).values()}


@pytest.mark.contracts
@pytest.mark.parametrize(("provider", "operation"), OPERATIONS)
def test_the_operation_is_as_documented(provider: str, operation: str, contracts: Conformity | None) -> None:
    """It succeeds, and each request on the way is as a contract says, or names the page that it follows."""
    assert operation in scenario_names(provider), f"operations/scenarios/{provider}.py: add {operation}()"
    for suite in suites_of(provider):
        seen = asyncio.run(rehearse(provider, operation, suite))
        assert seen.calls, "the scenario does not call the operation"
        assert seen.own or suite.protocol, "the operation sent nothing"
        checked = {suite.protocol} - {None}
        for number, request in enumerate(seen.requests):
            by = followed(seen, request, contracts)
            assert by or not contracts, f"no contract has {seen.asked(request)}: cite the vendor's page"
            checked |= by if number in seen.own else set()
        for by in checked:
            record(provider, operation, by)


@pytest.mark.parametrize("provider", kinds())
def test_every_scenario_is_of_an_operation(provider: str) -> None:
    """One whose operation is gone, or misspelt, does not stay behind unnoticed."""
    assert scenario_names(provider) <= set(operations(provider))


def test_every_module_of_scenarios_is_of_a_provider() -> None:
    """And of one that is built in."""
    assert {found.name for found in pkgutil.iter_modules(scenarios.__path__)} == set(kinds())


@pytest.mark.contracts
@pytest.mark.parametrize("provider", kinds())
def test_no_citation_is_left_over(provider: str, conformity: Conformity) -> None:
    """Each is of a request that is made, and that no contract has; a complaint that is overruled is made."""
    for suite in suites_of(provider):
        cited, needed = set[str](), set[Overruled]()
        for operation in scenario_names(provider):
            seen = asyncio.run(rehearse(provider, operation, suite))
            for request in seen.requests:
                if contract_of(seen, request, conformity) is None:
                    cited |= seen.cited(request).keys()
                elif suite.overruled:
                    needed |= overruled(seen, request, conformity)
        assert (cited, needed) == (set(suite.cited), set(suite.overruled))
