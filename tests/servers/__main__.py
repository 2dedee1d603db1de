"""Start both servers by hand: prints where they are, and stops them on Ctrl-C."""

import signal
import sys

from tests.servers import postgres, rabbitmq
from tests.servers.processes import ServerUnavailableError
from tests.servers.session import Servers


def main() -> int:
    # A request to end is a Ctrl-C too, also where the shell has made us deaf to it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    servers = Servers(tell=lambda line: print(line, file=sys.stderr, flush=True))
    try:
        _print_addresses(servers)
        signal.pause()
    except KeyboardInterrupt:
        return 0
    except ServerUnavailableError as problem:
        print(problem, file=sys.stderr)
        return 1
    finally:
        servers.close()
    return 0


def _print_addresses(servers: Servers) -> None:
    servers.begin_postgres()
    servers.begin_rabbitmq()
    broker = servers.rabbitmq()
    print(f"{postgres.VARIABLE}={servers.postgres().url()}")
    print(f"{rabbitmq.VARIABLE}={broker.amqp_url()}")
    print(f"{rabbitmq.MANAGEMENT_VARIABLE}={broker.management_url}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
