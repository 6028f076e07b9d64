"""Collect the data files that the sandbox and fleet reports read at run time."""

from PyInstaller.utils.hooks import collect_data_files  # pyright: ignore[reportMissingModuleSource]

datas = collect_data_files("licensespring_async")
