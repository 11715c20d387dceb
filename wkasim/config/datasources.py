"""master-datasources.xml: which database the server keeps its registry in."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from attrs import frozen

from wkasim.config.places import Problem, Sourced
from wkasim.config.templates import is_template
from wkasim.config.xml import Document, Element, read_xml

__all__ = ["CARBON_DATABASE", "DataSource", "DataSourcesFile", "read_datasources"]

CARBON_DATABASE: Final = "WSO2_CARBON_DB"
"""The data source of registry and user management."""


@frozen
class DataSource:
    """One data source; ``url`` is the JDBC URL."""

    name: Sourced[str]
    url: Sourced[str] | None
    driver: Sourced[str] | None = None


@frozen(kw_only=True)
class DataSourcesFile:
    """The data sources of a server."""

    file: str
    sources: tuple[DataSource, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def carbon(self) -> DataSource | None:
        """The data source of the registry, if it is defined; the last one of several."""
        return next((source for source in reversed(self.sources) if source.name.value == CARBON_DATABASE), None)


def read_datasources(path: Path, name: str | None = None) -> DataSourcesFile:
    """Read master-datasources.xml; whatever is wrong with it becomes a problem."""
    document = read_xml(path, name)
    problems = list(document.problems)
    sources: list[DataSource] = []
    if document.root is not None:
        for element in document.root.walk():
            if element.name == "datasource" and (label := _text(document, element, "name")) is not None:
                url = _text(document, element, "url")
                if url is not None and is_template(url.value):
                    problems.append(Problem("template", url.place, url.value[:60]))
                    url = None
                sources.append(DataSource(label, url, _text(document, element, "driverClassName")))
    return DataSourcesFile(file=document.file, sources=tuple(sources), problems=tuple(problems))


def _text(document: Document, source: Element, name: str) -> Sourced[str] | None:
    found = next((element for element in source.walk() if element.name == name), None)
    return Sourced(found.text.strip(), document.place(found)) if found is not None and found.text.strip() else None
