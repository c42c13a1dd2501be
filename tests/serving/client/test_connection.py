import grpc
import pytest
import trustme
from fake_model_server import KNOWN_USER, FakeModelServer, running

from piaa_tf.errors import InputError
from serving.client.call_error import CallError
from serving.client.client import Client
from serving.client.connection import Connection, Retries

ONCE = Retries(attempts=1)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def files(authority, tmp_path_factory):
    """Paths of root certificate, client certificate and client key."""
    directory = tmp_path_factory.mktemp("certificates")
    client = authority.issue_cert("client@example.org")
    contents = {
        "root_cert": authority.cert_pem,
        "client_cert": client.cert_chain_pems[0],
        "client_key": client.private_key_pem,
    }
    for name, blob in contents.items():
        blob.write_to_path(directory / name)
    return {name: str(directory / name) for name in contents}


def server_credentials(authority, name, *, asks_client):
    certificate = authority.issue_cert(name)
    pair = (
        certificate.private_key_pem.bytes(),
        certificate.cert_chain_pems[0].bytes(),
    )
    root = authority.cert_pem.bytes() if asks_client else None
    return grpc.ssl_server_credentials(
        [pair], root_certificates=root, require_client_auth=asks_client
    )


def score_with(connection):
    with Client(connection, "aesthetics") as client:
        return client.score([b"ok"], KNOWN_USER).known_user.tolist()


def test_a_server_of_a_known_authority_is_trusted(authority, files):
    credentials = server_credentials(authority, "localhost", asks_client=False)
    with running(FakeModelServer(), credentials) as address:
        assert score_with(Connection(address, root_cert=files["root_cert"])) == [True]


def test_a_server_of_another_authority_is_not(authority):
    credentials = server_credentials(authority, "localhost", asks_client=False)
    with running(FakeModelServer(), credentials) as address:
        connection = Connection(address, use_tls=True, retries=ONCE)
        with pytest.raises(CallError, match=r"must be reachable. Got UNAVAILABLE"):
            score_with(connection)


def test_the_servers_name_may_be_another_than_the_address(authority, files):
    credentials = server_credentials(authority, "scores.example", asks_client=False)
    root = files["root_cert"]
    with running(FakeModelServer(), credentials) as address:
        named = Connection(address, root_cert=root, tls_server_name="scores.example")
        assert score_with(named) == [True]
        with pytest.raises(CallError, match=r"must be reachable. Got UNAVAILABLE"):
            score_with(Connection(address, root_cert=root, retries=ONCE))


def test_a_client_shows_its_certificate(authority, files):
    credentials = server_credentials(authority, "localhost", asks_client=True)
    with running(FakeModelServer(), credentials) as address:
        assert score_with(Connection(address, **files)) == [True]
        without = Connection(address, root_cert=files["root_cert"], retries=ONCE)
        with pytest.raises(CallError, match=r"must be reachable. Got UNAVAILABLE"):
            score_with(without)


def test_a_unix_socket_is_an_address(tmp_path):
    with running(FakeModelServer(), address=f"unix:{tmp_path}/scores") as address:
        assert score_with(Connection(address)) == [True]


def test_metadata_goes_with_every_call(tmp_path):
    secret = tmp_path / "token"
    secret.write_text("Bearer xyz\n")
    model = FakeModelServer()
    with running(model) as address:
        score_with(Connection(address, metadata=["team=a=b", f"auth=@{secret}"]))
    assert len(model.metadata) == 2
    for sent in model.metadata:
        assert sent["team"] == "a=b"
        assert sent["auth"] == "Bearer xyz"


@pytest.mark.parametrize("entry", ["novalue", "Upper=1", "a b=1", "x-bin=1", "k=\n"])
def test_metadata_must_be_some(entry):
    with pytest.raises(InputError, match="metadata must be KEY=VALUE in ASCII"):
        Connection("here:1", metadata=[entry]).call_metadata()


def test_a_secret_is_not_shown_in_an_error():
    with pytest.raises(InputError, match="Got the key 'KEY'") as raised:
        Connection("here:1", metadata=["KEY=secret"]).call_metadata()
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("address", ["", "http://here:8501", "https://here"])
def test_an_address_is_that_of_grpc(address):
    with pytest.raises(InputError, match="address must be HOST:PORT of gRPC"):
        Connection(address)


def test_certificate_and_key_belong_together():
    with pytest.raises(InputError, match=r"must be given together. Got a.pem and no"):
        Connection("here:1", client_cert="a.pem")


def test_a_certificate_that_is_not_there_is_named(tmp_path):
    missing = tmp_path / "root.pem"
    with pytest.raises(InputError, match=r"root.pem must be a file that can be read"):
        Connection("here:1", root_cert=str(missing)).open()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"attempts": 0}, "attempts must be 1 to 5. Got 0"),
        ({"attempts": 6}, "attempts must be 1 to 5. Got 6"),
        ({"first_wait_s": 0.001}, "0.01 <= first_wait_s <= longest_wait_s must hold"),
        ({"first_wait_s": 9.0}, "must hold. Got 9.0 and 8.0"),
    ],
)
def test_retries_are_bounded(values, sentence):
    with pytest.raises(InputError, match=sentence):
        Retries(**values)
