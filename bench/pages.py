"""Requests a second and latencies of pages, with 8 clients of 8 sessions.

    python -m bench.pages http://localhost:8000 --seconds 8

Run it against a portal served as in production (`make demo` with the database filled by
`bench.generate`). The floor is `/healthz`, measured in the same minutes. Every answer must be 200.
"""

import argparse
import http.client
import re
import statistics
import threading
import time
from urllib.parse import urlencode, urlsplit

CLIENTS = 8


class Session:
    def __init__(self, base: str, email: str) -> None:
        self.host = urlsplit(base).netloc
        self.connection = http.client.HTTPConnection(self.host, timeout=30)
        self.cookies: dict[str, str] = {}
        page = self.get("/accounts/login/")[1]
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page).group(1)
        form = urlencode({"login": email, "password": "demo-portal", "csrfmiddlewaretoken": token})
        status, _ = self.request("POST", "/accounts/login/", form)
        assert status == 302, f"{email} could not sign in: {status}"

    def request(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        headers = {
            "Cookie": "; ".join(f"{key}={value}" for key, value in self.cookies.items()),
            "Host": self.host,
        }
        if body is not None:
            headers |= {
                "Content-Type": "application/x-www-form-urlencoded",
                "Referer": f"http://{self.host}{path}",
            }
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            key, value = cookie.split(";")[0].split("=", 1)
            self.cookies[key] = value
        return answer.status, text

    def get(self, path: str) -> tuple[int, str]:
        return self.request("GET", path)


def measure(sessions: list[Session], paths: list[str], seconds: float) -> tuple[float, float, float]:
    latencies: list[float] = []
    stop = time.perf_counter() + seconds

    def client(session: Session, number: int) -> None:
        turn = number
        while time.perf_counter() < stop:
            started = time.perf_counter()
            status, _ = session.get(paths[turn % len(paths)])
            latencies.append(time.perf_counter() - started)
            assert status == 200, (status, paths[turn % len(paths)])
            turn += 1

    started = time.perf_counter()
    threads = [threading.Thread(target=client, args=(s, n)) for n, s in enumerate(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - started
    ordered = sorted(latencies)
    return len(ordered) / took, statistics.median(ordered) * 1000, ordered[int(len(ordered) * 0.95)] * 1000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("base")
    parser.add_argument("--seconds", type=float, default=8)
    options = parser.parse_args()
    sessions = [Session(options.base, f"bench-partner-{n}@bench.example") for n in range(CLIENTS)]
    deals = [
        re.findall(r'href="(/deals/DR-[0-9A-Z]{6}/)"', s.get("/deals/?status=approved")[1]) for s in sessions
    ]
    print(f"{'work':34} {'req/s':>8} {'p50 ms':>8} {'p95 ms':>8}")
    for name, paths in (
        ("floor: /healthz", ["/healthz"]),
        ("P1 deal list of a partner", ["/deals/"]),
        ("P2 search by customer", ["/deals/?q=clinique", "/deals/?q=stadtwerke", "/deals/?q=groupe"]),
        ("P10 inbox, almost empty", ["/inbox/"]),
    ):
        rate, median, p95 = measure(sessions, paths, options.seconds)
        print(f"{name:34} {rate:8.1f} {median:8.1f} {p95:8.1f}")
        time.sleep(1)
    own = [found[0] for found in deals if found]
    pairs = [s for s, found in zip(sessions, deals, strict=True) if found]
    results = []
    threads = []
    for session, path in zip(pairs, own, strict=True):
        thread = threading.Thread(
            target=lambda s=session, p=path: results.append(measure([s], [p], options.seconds))
        )
        threads.append(thread)
        thread.start()
    for thread in threads:
        thread.join()
    rate = sum(result[0] for result in results)
    median, p95 = statistics.median(r[1] for r in results), max(r[2] for r in results)
    print(f"{'P3 deal page':34} {rate:8.1f} {median:8.1f} {p95:8.1f}")


if __name__ == "__main__":
    main()
