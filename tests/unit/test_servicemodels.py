"""Service models as botocore has them, read in another way."""

from __future__ import annotations

import json
import os
from pathlib import Path

import botocore.session
import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import JSONFileLoader, Loader

from awspipe.cli import servicemodels

SERVICES = ("iam", "s3", "codepipeline", "codebuild", "events", "logs", "codecommit", "sts", "codedeploy")


@pytest.mark.parametrize("service", SERVICES)
def test_a_model_is_as_botocore_reads_it(service: str) -> None:
    botocores = Loader(file_loader=JSONFileLoader())
    assert servicemodels.loader().load_service_model(service, "service-2") == botocores.load_service_model(
        service, "service-2"
    )


def test_what_is_not_there_is_said_to_be_unknown() -> None:
    with pytest.raises(UnknownServiceError, match="codepipeline, "):
        servicemodels.loader().load_service_model("codeperfect", "service-2")


def test_the_users_own_models_come_first(tmp_path: Path) -> None:
    own = tmp_path / "one" / "mine" / "2020-01-01" / "service-2.json"
    own.parent.mkdir(parents=True)
    own.write_text(json.dumps({"metadata": {"serviceId": "Mine"}}), encoding="utf-8")
    paths = os.pathsep.join([str(tmp_path / "one"), str(tmp_path / "two")])
    session = botocore.session.Session(session_vars={"data_path": (None, None, paths, None)})
    servicemodels.read_quickly(session)
    assert session.get_service_data("mine") == {"metadata": {"serviceId": "Mine"}}
    assert "s3" in session.get_available_services()


def test_every_session_shares_one_reader() -> None:
    first, second = botocore.session.Session(), botocore.session.Session()
    for one in (first, second):
        servicemodels.read_quickly(one)
    assert first.get_component("data_loader") is second.get_component("data_loader")
