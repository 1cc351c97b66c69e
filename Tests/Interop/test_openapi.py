"""schemathesis with the published descriptions: no 5xx, no undocumented answer.

The cases are the same each time unless `API_SEED` says otherwise; `API_SECONDS` sets how long.
"""

import base64
import json
import os
import re
import subprocess
import sys

import pytest

from support import openapi

SECONDS = int(os.environ.get("API_SECONDS", "10"))
CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
          "response_schema_conformance,unsupported_method,allow_header_conformance,ignored_auth")


def fuzz(box, description, authorization, tmp_path):
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(description, default=lambda time: time.isoformat()))
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run", str(path), "--url", box.url, "--checks", CHECKS,
         "--max-examples", os.environ.get("API_EXAMPLES", "15"), "--max-time", str(SECONDS), "--workers", "1",
         "--seed", os.environ.get("API_SEED", "2026"),
         "--no-shrink", "--continue-on-failure", "--suppress-health-check", "all", "--request-timeout", "10",
         "--phases", "examples,coverage,fuzzing", "--warnings", "off", "--output-sanitize", "true",
         "-H", f"Authorization: {authorization}"],
        capture_output=True, text=True, timeout=SECONDS + 100, cwd=tmp_path, env={**os.environ, "COLUMNS": "120"})
    assert done.returncode == 0, done.stdout[-12000:] + done.stderr[-2000:]
    print(done.stdout[-1500:])
    assert not re.search(r"No test cases were generated|\b0 generated", done.stdout), done.stdout[-3000:]


@pytest.fixture
def api_box(make_box):
    return make_box(
        account={"api_key": "k", "api_secret": "s"}, sip={"max_calls": 100000}, log={"level": "error"},
        drain_timeout="1s")


def test_voice_api(api_box, tmp_path):
    fuzz(api_box, openapi.voice(), f"Bearer {api_box.token('--ttl', '3600')}", tmp_path)
    assert api_box.http("GET", "/health")[0] == 200


def test_application_api(api_box, tmp_path):
    basic = base64.b64encode(b"k:s").decode()
    fuzz(api_box, openapi.applications(), f"Basic {basic}", tmp_path)
    assert api_box.http("GET", "/health")[0] == 200
