"""Corner cases of RFC 8259, in the manner of JSONTestSuite: y_ is JSON, n_ is not, i_ is open.

The landing has no opinion of its own: each is landed or quarantined as PostgreSQL judges it.
"""

_GROUPS: dict[str, list[bytes]] = {
    "y_array": [
        b"[]", b"[ ]", b"[[]   ]", b'[""]', b'["a"]', b"[null, 1, \"1\", {}]", b"[1\n]", b" [1]",
        b"[1,null,null,null,2]", b"[2] ", b"[false]", b"\t[\r\n1\t,2\r]\n",
    ],
    "y_number": [
        b"[123e65]", b"[0e+1]", b"[0e1]", b"[ 4]", b"[-0.000000000000000000000000000001]",
        b"[20e1]", b"[-0]", b"[-123]", b"[-1]", b"[1E22]", b"[1E-2]", b"[1E+2]", b"[123e45]",
        b"[123.456e78]", b"[1e-2]", b"[1e+2]", b"[123]", b"[123.456789]", b"[-0.0]", b"[0.10e-0]",
    ],
    "y_object": [
        b'{"asd":"sdf", "dfg":"fgh"}', b'{"asd":"sdf"}', b'{"a":"b","a":"c"}', b'{"a":"b","a":"b"}',
        b"{}", b'{"":0}', b'{"min": -1.0e+28, "max": 1.0e+28}', b'{"a":[]}', b'{\n"a": "b"\n}',
        b'{"title":"\\u041f\\u043e\\u043b"}', b'{"a": {"b": {"a": 1, "a": 2}, "b": 0}}',
    ],
    "y_string": [
        b'["\\u0060\\u012a\\u12AB"]', b'["\\uD801\\udc37"]', b'["\\ud83d\\ude39\\ud83d\\udc8d"]',
        b'["\\"\\\\\\/\\b\\f\\n\\r\\t"]', b'["\\\\u0000"]', b'["\\""]', b'["a/*b*/c/*d//e"]',
        b'["\\\\a"]', b'["\\u0012"]', b'["\\uFFFF"]', b'["asd"]', b'[ "asd"]',
        b'["\\uDBFF\\uDFFF"]', b'["new\\u00A0line"]', b'["\xf4\x8f\xbf\xbf"]', b'["\xef\xbf\xbf"]',
        b'["\\u002c"]', b'[" "]', b'["\\uD834\\uDd1e"]', b'["\\u0821"]', b'["\\u0123"]',
        b'["\xe2\x80\xa8\xe2\x80\xa9"]', b'["\\u0061\\u30af\\u30EA\\u30b9"]', b'["new\\u000Aline"]',
        b'["\x7f"]', b'["\\uA66D"]', b'["\xe2\x8d\x82\xe3\x88\xb4\xe2\x8d\x82"]', b'["\\u0022"]',
        b'["\\uDBFF\\uDFFE"]', b'["\\u200B"]', b'["\\u2064"]', b'["\\uFDD0"]', b'["\\uFFFE"]',
        b'["\xe2\x82\xac\xf0\x9d\x84\x9e"]', b'["a\x7fa"]', b'["\xef\xbb\xbf"]', b'["\\u005C"]',
    ],
    "y_structure": [
        b"false", b"42", b"-0.1", b"null", b'"asd"', b"true", b'""', b'["a"]\n', b"[true]", b" [] ",
    ],
    "n_array": [
        b"[1 true]", b"[a\xe5]", b'["": 1]', b'[""],', b"[,1]", b"[1,,2]", b'["x",,]', b'["x"]]',
        b'["",]', b'["x"', b"[x", b"[3[4]]", b"[\xff]", b"[1:2]", b"[,]", b"[-]", b"[   , \"\"]",
        b'["a",\n4\n,1,', b"[1,]", b'["\x0ba"\\f]', b"[*]", b'[""', b"[1,", b"[1,\n1\n,1", b"[{}",
        b"[fals]", b"[nul]", b"[tru]",
    ],
    "n_number": [
        b"[++1234]", b"[+1]", b"[+Inf]", b"[-01]", b"[-1.0.]", b"[-2.]", b"[-NaN]", b"[.-1]",
        b"[.2e-3]", b"[0.1.2]", b"[0.3e+]", b"[0.3e]", b"[0.e1]", b"[0E+]", b"[0E]", b"[0e+]",
        b"[1.0e+]", b"[1.0e-]", b"[1.0e]", b"[1 000.0]", b"[1eE2]", b"[2.e+3]", b"[2.e-3]",
        b"[9.e+]", b"[Inf]", b"[NaN]", b"[Infinity]", b"[-Infinity]", b"[\xef\xbc\x91]", b"[1+2]",
        b"[0x1]", b"[0x42]", b"[0e]", b"[-foo]", b"[- 1]", b"[-012]", b"[-.123]", b"[-1x]",
        b"[1ea]", b"[1e\xe5]", b"[1.]", b"[.123]", b"[1.2a-3]", b"[1.8011670033376514H-308]",
        b"[012]", b"[1_000]", b"[1e1_0]", b"[0b1]", b"[0o7]",
    ],
    "n_object": [
        b'["x", truth]', b"{[: \"x\"}\n", b'{"x", null}', b'{"x"::"b"}', b'{"a":"a" 123}',
        b'{key: \'value\'}', b'{"\xb9":"0",}', b'{"a" b}', b'{:"b"}', b'{"a" "b"}', b'{"a":',
        b'{"a"', b"{1:1}", b"{9999E9999:1}", b"{null:null,null:null}", b'{"id":0,,,,,}',
        b"{'a':0}", b'{"id":0,}', b'{"a":"b"}/**/', b'{"a":"b"}/**//', b'{"a":"b"}//',
        b'{"a":"b"}/', b'{"a":"b",,"c":"d"}', b"{a: \"b\"}", b'{"a":"a', b'{ "foo" : "bar", "a" }',
        b'{"a":"b"}#', b"{true: 1}",
    ],
    "n_string": [
        b'["\\uD800\\"]', b'["\\uD800\\u"]', b'["\\uD800\\u1"]', b'["\\uD800\\u1x"]', b"[\xc3\xa9]",
        b'["\\\x00"]', b'["\\x00"]', b'["\\\\\\"]', b'["\\\t"]', b'["\\\xf0\x9f\x8c\x80"]',
        b'["\\"]', b'["\\u00A"]', b'["\\uD834\\uDd"]', b'["\\a"]', b'["\\uqqqq"]',
        b'["\\\xe5"]', b"[\\u0020\"asd\"]", b"[\\n]", b'"', b"['single quote']", b"abc", b'["\\',
        b'["a\x00a"]', b'["new\nline"]', b'["\t"]', b'["\x1f"]', b'"\\UA66D"', b'""x', b'["\r"]',
    ],
    "n_structure": [
        b"<.>", b"[<null>]", b"[1]x", b"[1]]", b'["asd]', b"a\xc3\xa5", b"[True]", b"1]",
        b'{"x": true,', b"[][]", b"]", b"\xef\xbb{}", b"\xef\xbb\xbf", b"[", b"", b"\x00",
        b"2@", b"{}}", b'{"":',
        b'{"a":/*comment*/"b"}', b'{"a": true} "x"', b"['", b"[,", b"[{", b'["a', b'["a"', b"{",
        b"{]", b"{,", b"{[", b'{"a', b"{'a'", b'["\\{["\\{["\\{["\\{', b"\xe9", b"*",
        b'{"a":"b"}#{}', b"[\\u000A\"\"]", b"[1", b"[ false, nul", b"[ true, fals",
        b"[ false, tru", b'{"asd":"asd"',
        b"\xc3\xa5", b"[\xe2\x81\xa0]", b"[\x0c]", b"\xc2\xa0[]", b"\xe2\x80\xa8[]", b"\x1e[]",
        b"[]\x00", b"// x\n{}", b"/* x */ {}", b"{}\n{}", b"[1]\n[2]\n", b"&", b"nan",
    ],
    "i_number": [
        b"[123.456e-789]", b"[0.4e00669999999999999999999999999999999999999999999999969999999]",
        b"[-1e+9999]", b"[1.5e+9999]", b"[-123123e100000]", b"[123123e100000]", b"[1e-999]",
        b"[123e-10000000]", b"[-123123123123123123123123123123]", b"[100000000000000000000]",
        b"[-237462374673276894279]",
        b"[1e131071]", b"[1e131072]", b"[1e-16383]", b"[1e-16384]", b"[0e999999]", b"[0e-99999]",
        b"[1e2147483647]", b"[1e2147483648]", b"[1e-2147483649]", b"[9223372036854775808]",
    ],
    "i_string": [
        b'["\\uDADA"]', b'["\\uD888\\u1234"]', b'["\\uD800\\n"]', b'["\\uDd1ea"]', b'["\\uD800"]',
        b'["\\uDFAA"]', b'["\\ud800abc"]', b'["\\uDd1e\\uD834"]', b'["\\uD800\\uD800\\n"]',
        b'{"\\uDFAA":0}', b'["\\u0000"]', b'{"\\u0000":0}', b'["a\\u0000"]', b'[["\\u0000"], 1]',
        b'["\xff"]', b'["\xe6\x97\xa5\xd1\x88\xfa"]', b'["\xfc\x83\xbf\xbf\xbf\xbf"]', b'["\x81"]',
        b'["\xc0\xaf"]', b'["\xed\xa0\x80"]', b'["\xed\xa0\xbd\xed\xb8\x80"]', b'["\x8f"]',
        b'["\xf4\xbf\xbf\xbf"]', b'["\xe0\xff"]', b'["\xc0\x80"]', b'["\xf8\x88\x80\x80\x80"]',
        b'["\xf0\x80\x80\xaf"]',
        b'[\x00"\x00\xe9\x00"\x00]\x00', b'\x00[\x00"\x00\xe9\x00"\x00]',
        b'\xff\xfe[\x00"\x00\xe9\x00"\x00]\x00', b"\xff\xfe\x00\x00[\x00\x00\x00]\x00\x00\x00",
    ],
    "i_structure": [
        b"[" * 500 + b"]" * 500, b"\xef\xbb\xbf{}", b"\xef\xbb\xbf[]", b"{}\xef\xbb\xbf",
        b"[" * 100_000, b'[{"":' * 50_000, b'{"a":' * 500 + b"0" + b"}" * 500,
    ],
}  # fmt: skip

# By name: n_array_07 and so on.
CORNERS: dict[str, bytes] = {
    f"{group}_{number:02}": content
    for group, contents in _GROUPS.items()
    for number, content in enumerate(contents)
}
