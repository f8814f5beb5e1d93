"""The user's rules: ``[tool:pytrace]`` of setup.cfg, or pytrace.toml.

    [tool:pytrace]                          enable = ["fds"]
    enable = fds                            disable = ["times"]
    disable = times                         ignore-calls = ["getrusage", "time*"]
    ignore-calls = getrusage, time*         ignore-paths = ["/proc/*"]
    ignore-paths = /proc/*
    replace =                               [replace.build-dir]
        build-dir: /tmp/b-\\w+ => BUILD      regex = '/tmp/b-\\w+'
                                            text = "BUILD"
"""
from __future__ import annotations

import configparser
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from tracer.errors import PytraceError

_LISTS = ("enable", "disable", "ignore-calls", "ignore-paths")


class ConfigError(PytraceError):
    """A file of settings that cannot be read."""


@dataclass(frozen=True)
class Config:
    """What a file says.  replace: (name, regex, text)."""

    enable: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()
    ignore_calls: tuple[str, ...] = ()
    ignore_paths: tuple[str, ...] = ()
    replace: tuple[tuple[str, str, str], ...] = ()


def find_config(directory: Path) -> Path | None:
    """pytrace.toml or a setup.cfg with a section for pytrace: in a directory or the nearest one
    above it."""
    for place in (directory, *directory.parents):
        if (place / "pytrace.toml").is_file():
            return place / "pytrace.toml"
        cfg = place / "setup.cfg"
        if cfg.is_file():
            try:
                if "[tool:pytrace]" in cfg.read_text("utf-8", "replace"):
                    return cfg
            except OSError:
                continue
    return None


def read_config(path: Path) -> Config:
    """The settings in a file.  Raises ConfigError."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"{path}: {reason}") from None
    return _toml(path, text) if path.suffix == ".toml" else _cfg(path, text)


def replacement(text: str, number: int = 1) -> tuple[str, str, str]:
    """``[NAME: ]REGEX => TEXT``; without a name it is called by its number.  ConfigError."""
    pattern, arrow, instead = text.partition("=>")
    if not arrow:
        raise ConfigError(f"'{text}' is not REGEX => TEXT")
    name, colon, rest = pattern.partition(": ")
    if not colon or not name.strip().replace("-", "").replace("_", "").isalnum():
        name, rest = f"replace-{number}", pattern
    return name.strip(), rest.strip(), instead.strip()


def _cfg(path: Path, text: str) -> Config:
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",),
                                       comment_prefixes=("#", ";"))
    try:
        parser.read_string(text, str(path))
    except configparser.Error as error:
        raise ConfigError(" ".join(str(error).split())) from None
    if not parser.has_section("tool:pytrace"):
        return Config()
    section = parser["tool:pytrace"]
    enable, disable, calls, paths = [
        tuple(section.get(key, "").replace(",", " ").split()) for key in _LISTS]
    lines = [line.strip() for line in section.get("replace", "").splitlines() if line.strip()]
    unknown = sorted(set(section) - {*_LISTS, "replace"})
    if unknown:
        raise ConfigError(f"{path}: unknown setting '{unknown[0]}'")
    return Config(enable, disable, calls, paths,
                  tuple(replacement(line, i) for i, line in enumerate(lines, 1)))


def _toml(path: Path, text: str) -> Config:
    try:
        try:
            library = import_module("tomllib")
        except ImportError:             # Python 3.10
            library = import_module("tomli")
    except ImportError:
        raise ConfigError(f"{path}: needs the package tomli (pip install 'pytrace[logs]')"
                          ) from None
    try:
        data = library.loads(text)
    except library.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from None
    unknown = sorted(set(data) - {*_LISTS, "replace"})
    if unknown:
        raise ConfigError(f"{path}: unknown setting '{unknown[0]}'")
    enable, disable, calls, paths = [_strings(path, key, data.get(key, [])) for key in _LISTS]
    replace: Any = data.get("replace", {})
    if not isinstance(replace, dict):
        raise ConfigError(f"{path}: replace is not a table")
    rules = []
    for name, rule in replace.items():
        if not isinstance(rule, dict) or not all(
                isinstance(rule.get(key), str) for key in ("regex", "text")):
            raise ConfigError(f"{path}: replace.{name} needs the strings regex and text")
        rules.append((name, rule["regex"], rule["text"]))
    return Config(enable, disable, calls, paths, tuple(rules))


def _strings(path: Path, key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigError(f"{path}: {key} is not a list of strings")
    return tuple(value)
