"""Collects what the sandbox and the fleet's report read at run time."""

from PyInstaller.utils.hooks import collect_data_files  # pyright: ignore[reportMissingModuleSource]

datas = collect_data_files("licensespring_async")
