"""Single sign-on: from the address of the login page to an activation."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode, urlsplit

import attrs
import pytest

from licensespring_async.sandbox import Customer, CustomerAccount, License, Product, World

from .calling import Caller, refusal, verify

pytestmark = pytest.mark.anyio

SSO = "/api/v4/sso_url"


@attrs.frozen
class Account:
    """A license of a customer account, the query for its login page, and what an activation of it says."""

    license: License
    query: Mapping[str, str]
    ask: Mapping[str, str]


@pytest.fixture
def account(world: World, product: Product) -> Account:
    maps = world.add_product(f"{product.short_code}-S", authorization_method="user")
    code = f"acme-{product.short_code}"
    customer = Customer(customer_account=CustomerAccount(id=7, name="Acme", code=code))
    user = world.add_user(f"o'hara@{code}.example", username=f"o'hara@{code}.example|ACME", password="s3cret")
    license = maps.add_license(user=user, customer=customer, floating_users=1, max_borrow_time=1, max_activations=2)
    return Account(
        license,
        {"product": maps.short_code, "customer_account_code": code},
        {"product": maps.short_code, "customer_account_code": code, "hardware_id": "hw-1"},
    )


async def log_in(caller: Caller, account: Account, **more: str) -> dict[str, str]:
    """Log in as the account's user, and return what the browser comes back with."""
    told = await caller.json(SSO, {**account.query, "redirect_uri": "http://127.0.0.1:1/back", **more})
    assert account.license.user is not None
    hint = urlencode({"login_hint": account.license.user.username})
    page = await caller.http.get(f"{told['url']}&{hint}")
    assert page.status_code == 302
    target = urlsplit(page.headers["Location"])
    assert (target.netloc, target.path) == ("127.0.0.1:1", "/back")
    return {name: values[0] for name, values in parse_qs(target.query or target.fragment).items()}


async def test_names_the_login_page(caller: Caller, account: Account) -> None:
    """Names the login page with what a provider needs, and signs the answer."""
    answer = await caller.get(SSO, {**account.query, "response_type": "token"})
    verify(caller.sandbox.public_key, answer.headers["LicenseSignature"], answer.content)
    query = parse_qs(str(urlsplit(str(answer.json()["url"])).query))
    assert query["response_type"] == ["id_token token"]
    assert (query["scope"], query["client_id"]) == (["openid"], ["license-users"])
    assert set(answer.json()["openid_configuration"]) == {
        *("issuer", "end_session_endpoint", "token_endpoint", "introspection_endpoint")
    }


async def test_the_page_lists_the_accounts_users(caller: Caller, account: Account) -> None:
    """Shows a person the users to choose from, each as a link that logs in, and escapes their names."""
    page = await caller.http.get((await caller.json(SSO, account.query))["url"])
    assert "o&#x27;hara" in page.text
    assert "o'hara" not in page.text
    assert page.text.count("<a href=") == 1
    assert (await caller.http.get(f"{caller.sandbox.url}/signed-on")).status_code == 200


async def test_activates_with_a_token(caller: Caller, account: Account) -> None:
    """Activates and borrows with the access token of a login, as often as it is good."""
    tokens = await log_in(caller, account, response_type="token")
    for device in ("hw-1", "hw-2"):
        ask = {**account.ask, "hardware_id": device, "id_token": tokens["access_token"]}
        assert (await caller.post("activate_license", ask)).status_code == 200
    borrowed = await caller.post("floating/borrow", {**account.ask, "id_token": tokens["access_token"]})
    assert borrowed.status_code == 200, borrowed.text
    wrong = await caller.post("activate_license", {**account.ask, "id_token": tokens["id_token"]})
    assert (refusal(wrong), "access" in wrong.json()["message"]) == ("validation_error", True)
    caller.clock.advance(minutes=6)
    late = await caller.post("activate_license", {**account.ask, "id_token": tokens["access_token"]})
    assert refusal(late) == "validation_error"


async def test_a_code_is_good_once(caller: Caller, account: Account) -> None:
    """Activates with the code of a login, once."""
    ask = {**account.ask, "code": (await log_in(caller, account, response_type="code"))["code"]}
    assert (await caller.post("activate_license", ask)).status_code == 200
    assert refusal(await caller.post("activate_license", ask)) == "validation_error"


async def test_a_sign_on_is_for_its_account(caller: Caller, world: World, account: Account) -> None:
    """Refuses a token under another account's code, and finds no license that is not of the account."""
    tokens = await log_in(caller, account, response_type="token")
    ask = {**account.ask, "id_token": tokens["access_token"]}
    other = await caller.post("activate_license", {**ask, "customer_account_code": "other"})
    assert refusal(other) == "validation_error"
    account.license.customer = Customer()
    assert refusal(await caller.post("activate_license", ask)) == "license_not_found"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"id_token": "x", "customer_account_code": ""}, "missing_parameters"),
        ({"code": "x", "customer_account_code": ""}, "missing_parameters"),
        ({"id_token": "x", "code": "y"}, "validation_error"),
        ({"id_token": "x", "license_key": "k"}, "validation_error"),
        ({"code": "x.y"}, "validation_error"),
        ({"username": "ana"}, "license_not_found"),
        ({}, "missing_parameters"),
    ],
)
async def test_half_an_identity_is_refused(caller: Caller, account: Account, more: dict[str, str], code: str) -> None:
    """Refuses half of a pair, two identities at once, none, and what no login gave."""
    password = {"password": "x"} if "username" in more else {}
    assert refusal(await caller.post("activate_license", {**account.ask, **password, **more})) == code


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"customer_account_code": "none"}, "customer_account_not_found"),
        ({"product": "NONE"}, "unknown_product"),
        ({"response_type": "both"}, "validation_error"),
        ({"customer_account_code": ""}, "missing_parameters"),
    ],
)
async def test_refuses_an_address(caller: Caller, account: Account, more: dict[str, str], code: str) -> None:
    """Refuses the login page of an account, a product or a response type that is not there."""
    assert await caller.code(SSO, {**account.query, **more}) == code


async def test_there_is_no_page_of_another_account(caller: Caller, account: Account) -> None:
    """Answers 404 for the login page of an account that no user has."""
    url = (await caller.json(SSO, account.query))["url"].replace("kc_idp_hint=acme", "kc_idp_hint=none")
    assert refusal(await caller.http.get(url)) == "not_found"
