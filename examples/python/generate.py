"""Generates the Python client code of Eigenloom's contract: python generate.py OUTPUT_FOLDER

Needs grpcio-tools, and `npm ci` in the repository for the google.longrunning files that the contract imports.
"""

import sys
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parents[2]
GOOGLE = ROOT / "node_modules" / "google-proto-files"
IMPORTED = ["api/annotations", "api/client", "api/field_behavior", "api/http", "api/launch_stage"]
IMPORTED += ["longrunning/operations", "rpc/status", "rpc/error_details"]


def generate(output: Path) -> None:
    """Writes `eigenloom/…_pb2.py`, `…_pb2_grpc.py` and what they import into the folder."""
    output.mkdir(parents=True, exist_ok=True)
    own = sorted((ROOT / "proto").rglob("*.proto"))
    files = [str(path) for path in own] + [str(GOOGLE / "google" / f"{name}.proto") for name in IMPORTED]
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    includes = [f"-I{folder}" for folder in (ROOT / "proto", GOOGLE, well_known)]
    status = protoc.main(["protoc", *includes, f"--python_out={output}", f"--grpc_python_out={output}", *files])
    if status != 0:
        raise SystemExit(status)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python generate.py OUTPUT_FOLDER")
    generate(Path(sys.argv[1]))
