"""An erasure goes on where a killed process left it, until every service has answered."""

import json

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from chassis.caller import grants_claim
from tests.conftest import claims
from tests.fleet import PLAIN, OneProcess
from tests.patience import waited
from tests.privacy.mission import CANARY, traces

ERASURES = "/v1/registration/erasures"


def client(system: OneProcess, role: str) -> httpx.Client:
    """Return a client with a token of the installation's own key, for one role."""
    key = ECKey.import_key(json.loads((system.home / "keys/signing.json").read_text()))
    told = claims(sub=role, grants=grants_claim([role], ["LY"]))
    token = jwt.encode({"alg": "ES256", "kid": key.kid}, told, key)
    headers = {"Authorization": f"Bearer {token}"}
    base = f"http://127.0.0.1:{system.port}"
    return httpx.Client(base_url=base, headers=headers, timeout=30, trust_env=False)


def test_case_43_an_erasure_survives_a_kill_between_two_services(one_process: OneProcess) -> None:
    one_process.launch(MASAR_INJECT_FAILURE="erase.between_services")
    wait_until_ready(one_process)
    with client(one_process, "case_worker") as worker, client(one_process, "dpo") as officer:
        person = worker.post("/v1/registration/persons", json=CANARY).json()["id"]
        body = {"person_id": person, "reason": "person_asked"}
        erasure = worker.post(ERASURES, json=body).json()["id"]
        assert officer.post(f"{ERASURES}/{erasure}/approval").status_code == 202
    assert one_process.process
    assert one_process.process.wait(30) == -9

    one_process.start()

    with client(one_process, "dpo") as officer:
        waited(lambda: officer.get(f"{ERASURES}/{erasure}").json()["status"] == "completed")
        assert officer.get(f"/v1/registration/persons/{person}").status_code == 410
    assert list(traces(one_process.home)) == []


def wait_until_ready(system: OneProcess) -> None:
    def ready() -> bool:
        url = f"http://127.0.0.1:{system.port}/health/ready"
        try:
            return PLAIN.get(url).is_success
        except httpx.TransportError:
            return False

    waited(ready)
