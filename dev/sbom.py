#!/usr/bin/env python3
"""Writes what Duet's executables are made of: a CycloneDX 1.5 bill of materials, and the licences as a table.

Usage: dev/sbom.py BUILD_FOLDER OUT_FOLDER

Swift packages come from Package.resolved, with the licence of their check-out; shared libraries from the run-time linker, with the Debian
package that each belongs to and the licence that the package states; where it states none for all files, those that it names. Only what
is linked is listed: no test tools, no compilers.
"""
import collections
import json
import pathlib
import re
import subprocess
import sys

PROGRAMS = ["duet", "Gateway", "CandidateSvc", "FeatureSvc", "RankingSvc"]
ROOT = pathlib.Path(__file__).resolve().parent.parent
# The licence of a text, by a phrase that only it has. The longer ones come first.
PHRASES = [
    ("Apache-2.0", "Apache License"), ("MPL-2.0", "Mozilla Public License"),
    ("MIT", "Permission is hereby granted, free of charge"), ("BSD-3-Clause", "Neither the name"),
    ("BSD-2-Clause", "Redistribution and use in source and binary forms"),
    ("PostgreSQL", "Permission to use, copy, modify, and distribute this software"),
]


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def by_phrase(text):
    return next((name for name, phrase in PHRASES if phrase in text), None)


def linked_products(build):
    """The packages of which some module stands in the build's list of objects of a program."""
    names = set()
    for program in PROGRAMS:
        listing = build / f"{program}.product" / "Objects.LinkFileList"
        names |= set(re.findall(r"/([A-Za-z0-9_]+)\.build/", listing.read_text()))
    return names


def swift_packages(build):
    modules = linked_products(build)
    for pin in json.loads((ROOT / "Package.resolved").read_text())["pins"]:
        checkout = ROOT / ".build" / "checkouts" / pin["identity"]
        if not checkout.is_dir():
            checkout = build.resolve().parent.parent / "checkouts" / pin["identity"]
        folders = {path.name for path in (checkout / "Sources").glob("*")} if checkout.is_dir() else set()
        if folders and not folders & modules:
            continue  # A dependency of a dependency's tests or plug-ins.
        texts = [path.read_text(errors="replace") for path in sorted(checkout.glob("LICENSE*"))]
        version = pin["state"].get("version") or pin["state"]["revision"]
        yield pin["identity"], version, by_phrase(texts[0]) if texts else None, f"pkg:swift/{pin['identity']}@{version}"


def libraries(build):
    paths = set()
    for program in PROGRAMS:
        paths |= set(re.findall(r"=> (/\S+)", output("ldd", str(build / program))))
    return {str(pathlib.Path(path).resolve()) for path in paths}


def debian_licence(package):
    """What the package's copyright file says of all files, in its machine-readable form; else the licence whose words it has."""
    path = pathlib.Path("/usr/share/doc") / package / "copyright"
    if not path.exists():
        return None
    text = path.read_text(errors="replace")
    stated = re.search(r"^Files: \*\n(?:.*\n)*?License: (.+)$", text, re.MULTILINE)
    if stated:
        return stated.group(1).strip()
    named = re.findall(r"/usr/share/common-licenses/([A-Za-z0-9.+-]*[A-Za-z0-9])", text)
    return "named in its copyright file: " + ", ".join(sorted(set(named))) if named else by_phrase(text)


def debian_packages(build):
    owners = collections.OrderedDict()
    for path in sorted(libraries(build)):
        found = next((answer for place in (path, path.removeprefix("/usr"))
                      if (answer := subprocess.run(["dpkg-query", "-S", place], capture_output=True, text=True)).returncode == 0), None)
        if found:
            owners[found.stdout.split(":")[0]] = True
    for package in owners:
        version = output("dpkg-query", "-W", "-f=${Version}\n", package).split("\n")[0]
        yield package, version, debian_licence(package), f"pkg:deb/debian/{package}@{version}"


def main():
    build, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    toolchain = re.search(r"Swift version (\S+)", output("swift", "--version"))
    parts = [("swift-runtime", toolchain.group(1), "Apache-2.0", f"pkg:generic/swift@{toolchain.group(1)}")]
    parts += list(swift_packages(build)) + list(debian_packages(build))
    version = re.search(r'static let version = "(.+)"', (ROOT / "Sources/Shared/ServiceRuntime/ServiceBootstrap.swift").read_text()).group(1)
    components = [
        {"type": "library", "bom-ref": purl, "name": name, "version": release, "purl": purl,
         **({"licenses": [{"license": {"name": licence}}]} if licence else {})}
        for name, release, licence, purl in parts]
    bill = {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": "duet", "name": "duet", "version": version}},
        "components": components,
        "dependencies": [{"ref": "duet", "dependsOn": [component["bom-ref"] for component in components]}],
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "sbom.cdx.json").write_text(json.dumps(bill, indent=2) + "\n")
    lines = [f"{name}\t{release}\t{licence or 'unknown'}" for name, release, licence, _ in parts]
    (out / "licences.tsv").write_text("component\tversion\tlicence\n" + "\n".join(lines) + "\n")
    unknown = [name for name, _, licence, _ in parts if not licence]
    print(f"sbom: {len(parts)} components in {out}/sbom.cdx.json, their licences in {out}/licences.tsv"
          + (f"; of {', '.join(unknown)} the licence couldn't be read" if unknown else ""))
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
