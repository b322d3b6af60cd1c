from datetime import datetime

import pytest

from incidents.diagnostics.parsers import acl_list, acl_log

CLIENT = "id=624 addr=10.0.0.66:38595 laddr=10.0.0.1:6379 fd=12 name= age=0 cmd=auth user=default"
RAW = (
    "count\n472\nreason\nauth\ncontext\ntoplevel\nobject\nAUTH\nusername\ndefault\nage-seconds\n0.005\n"
    f"client-info\n{CLIENT}\nentry-id\n1\ntimestamp-created\n1795348264000\ntimestamp-last-updated\n1795348265000\n"
    "count\n2\nreason\ncommand\ncontext\nmulti\nobject\nkeys\nusername\ncatalog\nage-seconds\n24.0\nclient-info\n"
    + CLIENT
)
TREE = f"""1)  1) "count"
    2) (integer) 472
    3) "reason"
    4) "auth"
    5) "username"
    6) "default"
    7) "age-seconds"
    8) "0.005"
    9) "client-info"
   10) "{CLIENT}"
2) 1) "count"
   2) (integer) 2
   3) "reason"
   4) "command"
"""


class TestLog:
    @pytest.mark.parametrize("value", [RAW, TREE, RAW.split("\n")])
    def test_reads_every_form(self, value):
        first, second = acl_log.parse(value).entries

        assert (first.count, first.reason, first.username, first.client.ip) == (472, "auth", "default", "10.0.0.66")
        assert second.reason == "command"

    def test_reads_objects(self):
        entry = {"count": 1, "reason": "key", "client-info": {"addr": "10.0.0.66:1"}}

        assert acl_log.parse([entry]).entries[0].client.ip == "10.0.0.66"

    def test_reads_times_and_totals(self):
        log = acl_log.parse(RAW)

        assert log.entries[0].created_at == datetime(2026, 11, 22, 11, 51, 4)
        assert log.total == 474
        assert log.entries[1].line == 21


class TestList:
    users = acl_list.parse(
        "user default on nopass sanitize-payload ~* &* +@all\n"
        "user catalog off #5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8 ~catalog:* -@all +get\n"
    )

    def test_tells_what_a_user_may_do(self):
        default, catalog = self.users.user("default"), self.users.user("catalog")

        assert default is not None
        assert default.needs_no_password
        assert default.is_all_powerful
        assert catalog is not None
        assert not catalog.is_enabled
        assert catalog.keys == ("~catalog:*",)

    def test_keeps_no_password(self):
        catalog = self.users.user("catalog")

        assert catalog is not None
        assert catalog.passwords == 1
        assert "5e884898" not in repr(catalog)
