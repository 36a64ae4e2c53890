"""Drives Eigenloom from Python over gRPC: submit, watch, cancel.

    python generate.py generated
    PYTHONPATH=generated python client.py submit localhost:50051 --model file:/models/m --out file:/models/adapter --target query,value
    PYTHONPATH=generated python client.py watch  localhost:50051 operations/ID
    PYTHONPATH=generated python client.py cancel localhost:50051 operations/ID

Needs grpcio and protobuf.
"""

import argparse
import sys

import grpc
from eigenloom.init.v1 import init_pb2, init_pb2_grpc
from eigenloom.jobs.v1 import jobs_pb2, jobs_pb2_grpc
from google.longrunning import operations_pb2, operations_pb2_grpc
from google.rpc import error_details_pb2, status_pb2


def submit(channel: grpc.Channel, options: argparse.Namespace) -> str:
    """Asks for a PiSSA adapter and returns the name of the job."""
    request = init_pb2.InitAdapterRequest(
        model={"uri": options.model},
        target_modules=options.target.split(","),
        adapter={"lora": {"rank": options.rank, "alpha": options.alpha}},
        start={"pissa": {}},
        output_uri=options.out,
    )
    return init_pb2_grpc.InitServiceStub(channel).InitAdapter(request).name


def watch(channel: grpc.Channel, name: str) -> operations_pb2.Operation:
    """Prints each change until the job is done. A stream ends after a while: the next one goes on at the last revision."""
    stub = jobs_pb2_grpc.JobsServiceStub(channel)
    revision = 0
    while True:
        for update in stub.WatchJob(jobs_pb2.WatchJobRequest(name=name, after_revision=revision)):
            if update.revision == revision and not update.operation.done:
                continue  # a heartbeat
            revision = update.revision
            metadata = jobs_pb2.JobMetadata()
            update.operation.metadata.Unpack(metadata)
            state = jobs_pb2.JobState.Name(metadata.state).removeprefix("JOB_STATE_").lower()
            percent = f" {metadata.progress.percent:.0f} %" if metadata.progress.HasField("percent") else ""
            print(f"{name}: {state}{percent} {metadata.progress.phase}".rstrip(), flush=True)
            if update.operation.done:
                return update.operation


def cancel(channel: grpc.Channel, name: str) -> None:
    """Asks the job to stop. It has stopped when the watch says so."""
    operations_pb2_grpc.OperationsStub(channel).CancelOperation(
        operations_pb2.CancelOperationRequest(name=name)
    )


def reason(status: status_pb2.Status) -> str:
    """The reason that programs compare, such as FILE_NOT_FOUND."""
    info = error_details_pb2.ErrorInfo()
    return next((info.reason for detail in status.details if detail.Unpack(info)), "UNKNOWN")


def status_of(error: grpc.RpcError) -> status_pb2.Status:
    """The google.rpc.Status that a failed call carries."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            return status_pb2.Status.FromString(value)
    return status_pb2.Status(message=error.details() or "")


def finish(operation: operations_pb2.Operation) -> int:
    """Prints what the job made, or why it failed."""
    if operation.HasField("error"):
        print(f"{reason(operation.error)}: {operation.error.message}", file=sys.stderr)
        return 1
    response = init_pb2.InitAdapterResponse()
    operation.response.Unpack(response)
    print(f"{response.adapter.uri} {response.adapter.digest}")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Eigenloom from Python")
    commands = parser.add_subparsers(dest="command", required=True)
    for command in ("submit", "watch", "cancel"):
        sub = commands.add_parser(command)
        sub.add_argument("server", help="HOST:PORT")
        if command != "submit":
            sub.add_argument("name", help="operations/ID")
            continue
        sub.add_argument("--model", required=True, help="URI of the model, as the server sees it")
        sub.add_argument("--out", required=True, help="URI of the adapter, which must not exist yet")
        sub.add_argument("--target", required=True, help="modules, separated by commas")
        sub.add_argument("--rank", type=int, default=8)
        sub.add_argument("--alpha", type=float, default=16)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    with grpc.insecure_channel(options.server) as channel:
        try:
            if options.command == "submit":
                print(submit(channel, options))
                return 0
            if options.command == "cancel":
                cancel(channel, options.name)
                return 0
            return finish(watch(channel, options.name))
        except grpc.RpcError as error:
            status = status_of(error)
            print(f"{reason(status)}: {status.message}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
