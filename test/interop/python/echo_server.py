"""A server of Python's websockets that does what ../partner.ts says; run by ../python-websockets.ts.

    python3 echo_server.py SETTINGS

SETTINGS is JSON, as partner.ts has it. The first line of output says where the server listens, and each further line
how a connection ended. It stops when its input does, so it never outlives whoever started it. It runs with any version
of websockets since 10, which is in Debian; names that have changed since are looked up in both places.
"""

import asyncio
import json
import ssl
import sys
import tempfile
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import websockets
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory


def say(**what):
    print(json.dumps(what), flush=True)


def target_of(websocket):
    return websocket.request.path if hasattr(websocket, "request") else websocket.path


def fields_of(websocket):
    return websocket.request.headers if hasattr(websocket, "request") else websocket.request_headers


def read(target):
    """The path of a target, and a function that looks up the parameters of its query."""
    parts = urlsplit(target)
    parameters = parse_qs(parts.query, keep_blank_values=True)
    return parts.path, lambda name: parameters[name][0]


async def close(websocket, parameter):
    await websocket.close(int(parameter("code")), parameter("reason"))


async def vanish(websocket, _):
    await websocket.recv()
    websocket.transport.abort()


async def ping(websocket, parameter):
    answered = await websocket.ping(parameter("data"))
    await answered
    await websocket.send(parameter("data"))


async def burst(websocket, parameter):
    for number in range(int(parameter("count"))):
        await websocket.send(f"message {number}")


async def field(websocket, parameter):
    await websocket.send(fields_of(websocket).get(parameter("name"), ""))


async def pieces(websocket, _):
    async for message in websocket:
        middle = len(message) // 2
        await websocket.send([message[:middle], message[:0], message[middle:]])


async def echo(websocket, _):
    async for message in websocket:
        await websocket.send(message)


TALKS = {
    "/close": close,
    "/vanish": vanish,
    "/ping": ping,
    "/burst": burst,
    "/field": field,
    "/pieces": pieces,
}


async def handle(websocket):
    path, parameter = read(target_of(websocket))
    try:
        await TALKS.get(path, echo)(websocket, parameter)
        await websocket.wait_closed()
    except websockets.ConnectionClosed:
        pass
    say(code=websocket.close_code, reason=websocket.close_reason)


def refusal(target):
    """The status and the fields of a response that refuses; None for a target that is welcome."""
    path, parameter = read(target)
    if path == "/refuse":
        return HTTPStatus(int(parameter("status"))), {"Retry-After": "7"}
    if path == "/moved":
        return HTTPStatus.FOUND, {"Location": parameter("to")}
    return None


def decide(first, second):
    """Called with the target and the fields, or, since version 14, with the connection and the request."""
    if isinstance(first, str):
        refused = refusal(first)
        return refused and (refused[0], refused[1], b"No.\n")
    refused = refusal(second.path)
    if refused is None:
        return None
    response = first.respond(refused[0], "No.\n")
    response.headers.update(refused[1])
    return response


def tls_context(tls):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("w") as pem:
        pem.write(tls["key"] + tls["cert"])
        pem.flush()
        context.load_cert_chain(pem.name)
    return context


def deflate(parameters):
    return ServerPerMessageDeflateFactory(
        server_no_context_takeover=parameters.get("serverNoContextTakeover", False),
        client_no_context_takeover=parameters.get("clientNoContextTakeover", False),
        server_max_window_bits=parameters.get("serverMaxWindowBits"),
        client_max_window_bits=parameters.get("clientMaxWindowBits"),
    )


async def main(settings):
    options = {
        "compression": None,
        "extensions": [deflate(settings["deflate"])] if "deflate" in settings else [],
        "subprotocols": settings.get("subprotocols"),
        "max_size": settings.get("maxMessageSize"),
        "ssl": tls_context(settings["tls"]) if "tls" in settings else None,
        "process_request": decide,
    }
    if "socketPath" in settings:
        server = await websockets.unix_serve(handle, settings["socketPath"], **options)
        say(port=0)
    else:
        server = await websockets.serve(handle, "127.0.0.1", 0, **options)
        say(port=server.sockets[0].getsockname()[1])
    await asyncio.to_thread(sys.stdin.read)
    server.close()


asyncio.run(main(json.loads(sys.argv[1])))
