"""`check-feature` and `check-bundle`: one device."""

from __future__ import annotations

from typing import Annotated

import typer

from ... import endpoints
from .. import options
from ..commands import command
from ..connection import Connection
from .check_one import Asked, check_one


@command
def check_feature(
    *,
    product: Annotated[str, typer.Option(help="Short code of the product.", metavar="CODE")],
    feature: Annotated[str, typer.Option(help="Code of the feature.", metavar="CODE")],
    hardware_id: options.HardwareId,
    license_key: options.LicenseKey = None,
    username: options.Username = None,
    license_id: options.LicenseId = None,
    bundle_code: Annotated[
        str | None, typer.Option(help="Short code of the bundle that the license is in.", metavar="CODE")
    ] = None,
    as_json: options.AsJson = False,
    fail_on: options.FailOn = None,
    connection: Connection,
    timeout: options.Timeout = 10.0,
) -> None:
    """Check a device against one feature of its license. If it floats, this TAKES A SLOT.

    Side effect: the check connects the device to the feature. If the feature floats, the device takes one of its slots
    (or renews the one it holds) and keeps it until it is released or times out.

    Exits with 0 for every answer of the service, 1 for an error, 2 for wrong usage, 4 for refused credentials or a
    wrong signature.
    """
    call = endpoints.check_license_feature(
        product=product,
        feature=feature,
        hardware_id=hardware_id,
        license_key=license_key,
        username=username,
        license_id=license_id,
        bundle_code=bundle_code,
    )
    client = connection.client(timeout=timeout)
    asked = Asked(product=product, feature=feature, hardware_id=hardware_id, identity=license_key or username)
    check_one(client, call, asked, as_json=as_json, fail_on=fail_on)


@command
def check_bundle(
    *,
    product: Annotated[str, typer.Option(help="Short code of the bundle.", metavar="CODE")],
    hardware_id: options.HardwareId,
    license_key: options.LicenseKey = None,
    username: options.Username = None,
    license_id: options.LicenseId = None,
    include_expired_features: Annotated[
        bool | None,
        typer.Option("--include-expired-features", help="List features that have ended, too."),
    ] = None,
    env: options.Environment = None,
    os_ver: options.OsVersion = None,
    hostname: options.Hostname = None,
    os_hostname: options.OsHostname = None,
    ip: options.Ip = None,
    ip_local: options.IpLocal = None,
    app_ver: options.AppVersion = None,
    sdk_ver: options.SdkVersion = None,
    mac_address: options.MacAddress = None,
    as_json: options.AsJson = False,
    fail_on: options.FailOn = None,
    connection: Connection,
    timeout: options.Timeout = 10.0,
) -> None:
    """Check the licenses of a bundle on a device.

    Side effect: device data that is given replaces what the service has stored.

    Exits with 0 for every answer of the service, 1 for an error, 2 for wrong usage, 4 for refused credentials or a
    wrong signature.
    """
    call = endpoints.check_bundle(
        product=product,
        hardware_id=hardware_id,
        license_key=license_key,
        username=username,
        license_id=license_id,
        include_expired_features=include_expired_features,
        env=env,
        os_ver=os_ver,
        hostname=hostname,
        os_hostname=os_hostname,
        ip=ip,
        ip_local=ip_local,
        app_ver=app_ver,
        sdk_ver=sdk_ver,
        mac_address=mac_address,
    )
    client = connection.client(timeout=timeout)
    asked = Asked(product=product, hardware_id=hardware_id, identity=license_key or username)
    check_one(client, call, asked, as_json=as_json, fail_on=fail_on)
