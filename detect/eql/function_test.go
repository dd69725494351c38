package eql

import (
	"math"
	"strings"
	"testing"
)

// functionConditions are about the sample record.
var functionConditions = []struct{ about, holds, fails string }{
	{"length", `length(name) == 8
		length("éa😀") == 3
		length(empty) == 0
		length(gone) == null
		length(args) > 4
		length(umlaut) == 10
		LENGTH(name) == 8`, `length(gone) > 0
		length(gone) == 0
		not length(gone) == 0
		length(pid) == 1
		length(gone) != 0`},
	{"begin and end", `startsWith(name, "Def")
		startsWith~(name, "dEF")
		startsWith(name, "")
		startsWith("Defaults!", name)
		startsWith~(umlaut, "straSSe ä")
		endsWith(path, "/defaults")
		endsWith~(path, "DEFAULTS")
		endsWith~(umlaut, "äk")
		endsWith("My Defaults", name)
		startsWith(args, "Login") and endsWith(args, "Hook")
		not startsWith(gone, "x")
		startsWith(gone, "x") == null
		startsWith(name, gone) == null
		endsWith(args, "b")`, `startsWith(name, "def")
		startsWith~(name, "Defaultss")
		endsWith(name, "S")
		endsWith(gone, "x")
		not endsWith(gone, "x")
		endsWith~(name, "xdefaults")
		startsWith(pid, "7")
		startsWith(name, null)
		not startsWith(name, null)`},
	{"contain", `stringContains(path, "bin")
		stringContains~(path, "BIN/def")
		stringContains~(umlaut, "SE ä")
		stringContains("all Defaults here", name)
		stringContains~("all dEFAULTS here", name)
		stringContains(args, "gin")
		not stringContains(path, "nope")
		stringContains~(path, same)`, `stringContains(path, "BIN")
		stringContains(path, "")
		stringContains("", "")
		stringContains(empty, "")
		stringContains(gone, "x")
		not stringContains(gone, "x")
		stringContains~(path, "?in")
		stringContains~(args, "*")`},
	{"indexOf", `indexOf(path, "/") == 0
		indexOf(path, "/", 1) == 4
		indexOf(path, "/", 5) == 8
		indexOf(path, "/", -3) == 0
		indexOf(path, "/", 1.9) == 4
		indexOf(path, "/", null) == 0
		indexOf(path, "/", 9) == null
		indexOf(path, "/", 99) == null
		indexOf(path, "") == 0
		indexOf(path, "", 3) == 3
		indexOf(path, "", 17) == 17
		indexOf(path, "", 18) == null
		indexOf~(umlaut, "ä") == 8
		indexOf(umlaut, "Ä") == 8
		indexOf~(umlaut, "k", 8) == 9
		indexOf~("aaaab", "AAB") == 2
		indexOf~(path, gone) == null`, `indexOf(path, "BIN") > 0
		indexOf(path, "x") >= 0 or not indexOf(path, "x") >= 0`},
	{"substring", `substring(name, 2) == "faults"
		substring(name, -2) == "ts"
		substring(name, 0, -1) == "Default"
		substring(name, 3, 3) == ""
		substring(name, 99) == ""
		substring(name, -99, 3) == "Def"
		substring(name, 1, 99) == "efaults"
		substring(name, -3, -99) == ""
		substring(umlaut, 7, 9) == " Ä"
		substring(umlaut, -2, -1) == "Ä"
		substring(empty, 0) == ""
		substring(name, null, 2) == "De"
		substring(name, gone) == name
		substring(args, -4) : "HOOK"
		substring(gone, 1) == null
		substring(name, pid) == "s"`, `substring(name, 1) == name
		substring(pid, 0) == "7"`},
	{"between", `between(path, "/", "/") == "usr"
		between(path, "/", "/", true) == "usr/bin"
		between~(path, "USR", "DEF") == "/bin/"
		between~(umlaut, "SE", "K") == " Ä"
		between(empty, "x", "y") == ""
		between(path, "", "/") == ""
		between(path, "/usr", "") == ""
		between(path, "/usr", "", true) == "/bin/defaults"
		between("aXb", "aX", "Xb") == null
		between("aXb", "aX", "Xb", true) == null
		between(path, "nope", "/") == null
		between(path, "/", "nope") == null
		between(gone, "a", "b") == null
		between(args, "Lo", "k") == "ginHoo"`, `between(path, "/", "/") == "bin"`},
	{"numbers and text", `number("12") + 1 == 13
		number("-0.5e1") == -5
		number(" 7 ") == 7
		number("ff", 16) == 255
		number("0xFF") == 255
		number("0x10", null) == 16
		number("zz", 36) == 1295
		number("-11", 2) == -3
		number(string(pid)) == pid
		number(name) == null
		number("99999999999999999999") == 1e20
		string(pid) == "7"
		string(load) == "2.5"
		string(2.0) == "2.0"
		string(10000000.0) == "1.0E7"
		string(12345678.5) == "1.23456785E7"
		string(0.0001) == "1.0E-4"
		string(0.0) == "0.0"
		string(-1.5e-10) == "-1.5E-10"
		string(signed) == "true"
		string(big) == "9223372036854775807"
		string(gone) == null
		concat(name, ":", pid, ":", signed, load) == "Defaults:7:true2.5"
		concat(name, gone) == null
		concat(pid) == "7"
		concat(args, "!") : "*hook!"
		concat((100 * 10) - ("hello":length()) == 995, "...") == "true..."
		name:length() == 8
		name:substring(1):length() == 7
		string(flags) in ("3", "x")`, `string(pid) == "7.0"
		number(path) > 0 or number(path) <= 0
		number(name) >= 0`},
	{"arithmetic", `add(pid, 1) == 8
		subtract(pid, -1) == 8
		multiply(pid, load) == 17.5
		divide(pid, 2) == 3
		divide(pid, 2.0) == 3.5
		modulo(pid, 4) == 3
		modulo(-7, 3) == -1
		add(1, add(2, 3)) == 6
		add(pid, gone) == null`, `add(pid, gone) == 7
		divide(pid, pid - 7) == 0`},
	{"addresses", `cidrMatch(ip4, "10.0.0.0/8")
		cidrmatch(ip4, "192.168.0.0/16", "10.6.48.157/8")
		cidrMatch(ip4, "10.6.48.157")
		cidrMatch(ip4, "::ffff:10.0.0.0/104")
		cidrMatch(ip4, "::/0") and cidrMatch(ip6, "::/0")
		cidrMatch(ip6, "fe80::/10", "FF00::/8")
		cidrMatch(ip6, "FE80:0::1")
		cidrMatch(mapped, "10.0.0.0/8") and cidrMatch(mapped, "::ffff:0:0/96")
		cidrMatch(ips, "10.0.0.0/8")
		not cidrMatch(gone, "10.0.0.0/8")
		not cidrMatch(name, "0.0.0.0/0", "::/0")
		cidrMatch("10.1.1.1", "10.0.0.0/8")
		cidrMatch(concat(ip4, ""), "10.0.0.0/8")
		cidrMatch(ip4, null) == null`, `cidrMatch(ip4, "11.0.0.0/8")
		cidrMatch(ip6, "0.0.0.0/0")
		cidrMatch(ip4, null)
		cidrMatch(pid, "0.0.0.0/0")
		cidrMatch(ip4, "10.0.0.0/8", null)`},
}

// functionSample is the sample with addresses.
func functionSample() record {
	r := record{
		"ip4": String("10.6.48.157"), "ip6": String("fe80::1"), "mapped": String("::ffff:10.1.2.3"),
		"ips": Strings([]string{"192.168.1.1", "10.9.9.9"}),
	}
	for name, v := range sample {
		r[name] = v
	}
	return r
}

func TestFunctions(t *testing.T) {
	r := functionSample()
	for _, c := range functionConditions {
		for want, text := range map[bool]string{true: c.holds, false: c.fails} {
			for _, condition := range strings.Split(text, "\n") {
				condition = strings.TrimSpace(condition)
				if got := conditionMatcher(t, condition).Match(r); got != want {
					t.Errorf("%s: %s: got %v, want %v", c.about, condition, got, want)
				}
			}
		}
	}
}

func TestFunctionErrors(t *testing.T) {
	for _, c := range []struct{ condition, want string }{
		{`nope(a) == 1`, `1:1: unknown function: nope`},
		{`a == 1 and nope~ (a)`, `1:12: unknown function: nope`},
		{`length~(a) == 1`, `1:1: length has no variant with ~`},
		{`length() == 1`, `1:1: length takes one argument, not 0`},
		{`length(a, b) == 1`, `1:1: length takes one argument, not 2`},
		{`add(a) == 1`, `1:1: add takes two arguments, not 1`},
		{`number() == 1`, `1:1: number takes 1 to 2 arguments, not 0`},
		{`concat() == "a"`, `1:1: concat takes 1 arguments or more, not 0`},
		{`cidrMatch(a)`, `1:1: cidrMatch takes 2 arguments or more, not 1`},
		{`between(a, "b") == ""`, `1:1: between takes 3 to 4 arguments, not 2`},
		{`startsWith(1, "FOO")`, `1:12: startsWith: argument 1 is a number, expected a string: write "1"`},
		{`startsWith("FOO", 123)`, `1:19: startsWith: argument 2 is a number, expected a string: write "123"`},
		{`length(a > 1) == 1`, `1:8: length: argument 1 is true or false, expected a string`},
		{`substring(a, "1") == ""`, `1:14: substring: argument 2 is a string, expected a number: write 1`},
		{`between(a, "b", "c", "d") == ""`, `1:22: between: argument 4 is a string, expected true or false`},
		{`number(true) == 1`, `1:8: number: argument 1 is true or false, expected a string: write "true"`},
		{`number("x") == 1`, `1:1: number: not a number: "x"`},
		{`number("1", a) == 1`, `1:13: number: argument 2 must be a constant`},
		{`number(a, 1) == 1`, `1:11: number: the base is 1, expected 2 to 36`},
		{`number(a, 2.5) == 1`, `1:11: number: the base is 2.5, expected 2 to 36`},
		{`add(a, "1") == 1`, `1:8: add: argument 2 is a string, expected a number: write 1`},
		{`divide(a, 0) == 1`, `1:1: division by zero`},
		{`cidrMatch(a, "10.0.0.0/33")`, `1:14: cidrMatch: not an address or range: "10.0.0.0/33"`},
		{`cidrMatch(a, "fe80::1%eth0")`, `1:14: cidrMatch: not an address or range: "fe80::1%eth0"`},
		{`cidrMatch(a, b)`, `1:14: cidrMatch: argument 2 must be a constant`},
		{`length(a)`, `1:1: not a condition: a number`},
		{`concat(a)`, `1:1: not a condition: a string`},
		{`length(a) == "x"`, `1:11: can't compare a number with a string`},
		{`startsWith(a, "x") > 1`, `1:20: true or false has no order: >`},
		{`length(a == 1`, `1:14: unexpected the end of the query, expected ")" to close the arguments of length`},
		{`length(a,) == 1`, `1:10: unexpected ")", expected a field or a value`},
		{`a:length == 1`, `1:10: unexpected "==", expected "(" after the function length`},
		{`?length(a) == 1`, `1:8: unexpected "(", expected and, or, or the end of the condition`},
		{`a in (length("ab"), b)`, `1:21: a list takes constants only`},
		{`concat(a, a, a, a, a, a, a, a, a) == ""`, `1:1: more than 8 fields in one computation`},
		{`a` + strings.Repeat(`:string()`, 300) + ` == ""`, `1:2298: nested deeper than 256 levels`},
		{strings.Repeat(`length(`, 300) + `a`, `1:1793: nested deeper than 256 levels`},
		{`concat(1` + strings.Repeat(`,1`, 10_000) + `) == ""`, `1:20008: more than 10000 arguments`},
	} {
		q, err := ParseCondition(c.condition, nil)
		if err == nil {
			_, err = Compile(q, nil, anyField)
		}
		if err == nil || err.Error() != c.want {
			t.Errorf("%.60q:\n got %v\nwant %s", c.condition, err, c.want)
		}
	}
}

// TestFind compares the search in any case with a plain one.
func TestFind(t *testing.T) {
	for _, c := range []struct{ s, part string }{
		{"", ""}, {"a", ""}, {"", "a"}, {"aXbxB", "XB"}, {"aaaab", "AAB"}, {"abababc", "ABABC"}, {"ÄäÄ", "ä"},
		{"K\u212Ak", "kk"}, {"\xffa\xffA", "A"}, {strings.Repeat("ab", 200) + "c", strings.Repeat("BA", 100) + "BC"},
		{strings.Repeat("a", 300), strings.Repeat("A", 299) + "b"},
	} {
		checkFind(t, c.s, c.part)
	}
}

func TestStringOfNumbers(t *testing.T) {
	for f, want := range map[float64]string{
		1: "1.0", -0.001: "-0.001", 0.00099: "9.9E-4", 9999999: "9999999.0", 1e7: "1.0E7", 1.5e300: "1.5E300",
		math.MaxFloat64: "1.7976931348623157E308", 1e100: "1.0E100", math.Inf(-1): "-Infinity", math.Inf(1): "Infinity",
	} {
		if got := toString(false, Float(f), Value{}, Value{}, Value{}).text; got != want {
			t.Errorf("%g: got %s, want %s", f, got, want)
		}
	}
}

func TestFunctionsAllocateNothing(t *testing.T) {
	r := functionSample()
	for _, condition := range []string{
		`startsWith~(path, "/USR") and endsWith(path, "s") and stringContains~(path, "BIN")`,
		`length(args) > 4 and indexOf~(path, same, 2) == 9`,
		`between~(path, "USR", "DEF") == "/bin/"`,
		`substring(args, -4, 99) == "Hook"`,
		`cidrMatch(ips, "10.0.0.0/8", "fe80::/10") and not cidrMatch(path, "::/0")`,
		`number(same) == null and add(pid, length(name)) == 15`,
		`stringContains~(path, same)`,
	} {
		m := conditionMatcher(t, condition)
		if !m.Match(r) {
			t.Errorf("%s: got no match, want one", condition)
		}
		if got := testing.AllocsPerRun(100, func() { m.Match(r) }); got != 0 {
			t.Errorf("%s: got %v allocations, want none", condition, got)
		}
	}
}

// TestManyElements bounds the work for a computation on long lists.
func TestManyElements(t *testing.T) {
	long := make([]string, 2000)
	for i := range long {
		long[i] = "x"
	}
	r := record{"a": Strings(long), "b": Strings(long)}
	if conditionMatcher(t, `concat(a, b, a, b) == "y"`).Match(r) {
		t.Error("got a match, want none")
	}
	if !conditionMatcher(t, `concat(a, b, a, b) == "xxxx"`).Match(r) {
		t.Error("got no match, want one")
	}
	longer := make([]string, 100_001)
	longer[100_000] = "xy"
	if !conditionMatcher(t, `length(a) == 2`).Match(record{"a": Strings(longer)}) {
		t.Error("the last of many elements: got no match, want one")
	}
}
