package eql

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
)

// sample is what the conditions of TestCondition are about.
var sample = record{
	"event.category": Strings([]string{"process", "file"}),
	"name":           String("Defaults"),
	"path":           String("/usr/bin/defaults"),
	"same":           String("Defaults"),
	"empty":          String(""),
	"args":           Strings([]string{"defaults", "write", "LoginHook", "/a b"}),
	"pid":            Int(7),
	"big":            Int(math.MaxInt64),
	"load":           Float(2.5),
	"signed":         Bool(true),
	"trusted":        Bool(false),
	"flags":          List([]Value{Bool(false), Int(3), Null(), String("x")}),
	"nothing":        List([]Value{Null(), Null()}),
	"none":           Strings(nil),
	"nan":            Float(math.NaN()),
	"umlaut":         String("STRASSE Ä\u212A"),
	"lines":          String("a\nb"),
	"many":           List([]Value{Int(5), Int(50)}),
	"odd-name.x":     Int(1),
	"f.any.in":       Int(1),
}

// Every condition of holds matches the sample, every one of fails does not.
var conditions = []struct{ about, holds, fails string }{
	{"constants", `true
		not false
		1 == 1.0
		"a" != "A"
		"abc" : "A?C"
		1 in (2, 1)
		"x" not in ("X")
		null == null
		null == (3 < null) and (null + 1) == null
		1 + 2 * 3 == 7
		-7 / 2 == -3
		-7 % 3 == -1
		7.5 % 2 == 1.5
		-9223372036854775808 < 0
		2e3 == 2000 and .5 == 0.5 and 5. == 5
		"ab" regex "a(b|c)"
		true or null
		not (false and null)
		9007199254740993 != 9007199254740992.0`, `false
		null
		not null
		null and true
		1 == 2
		"a" == "A"
		null != null
		1 < null
		not (1 < null)
		false or null
		2 in (1, null)
		not 2 in (1, null)
		null : "*"
		not null : "*"`},
	{"missing fields", `gone == null
		null == gone
		not gone : "*"
		gone != "x"
		gone not in ("x")
		not gone == "x"
		not gone > 5
		none == null and nothing == null and nan == null
		?gone == null
		not gone
		null == (gone > 1)
		null == (gone : "x")
		(gone > 1) == null
		gone != other`, `gone != null
		gone == "x"
		gone > 5 or gone <= 5
		gone in (1, 2, null)
		gone : "*"
		gone
		gone + 1 == 1
		gone + 1 != 1
		not gone + 1 == 1
		not (gone > 1) == false
		gone + 1 != gone + 1 and gone
		gone == other
		gone regex ".*"
		empty == null`},
	{"strings", `name == "Defaults"
		name : "defaults"
		name : "DEF*TS"
		name like "D?f*"
		name like~ ("zzz", "d*")
		name in~ ("x", "DEFAULTS")
		name >= "D" and name < "E"
		name regex "D.*"
		name regex~ ("x", "d[a-z]+")
		name != "defaults"
		empty == "" and empty : "*"
		"Defaults" == name
		"A" < name
		umlaut : "strasse äk"
		umlaut : "*ä?"
		umlaut in~ ("strasse äk")
		lines : "a*b" and lines like "a?b"
		lines regex "a.b"`, `name == "defaults"
		name like "d*"
		name == "D*"
		name : "efault"
		name in ("defaults")
		name in~ ("D*")
		name regex "efaul"
		name regex "^D.*"
		name == 5
		name > 5
		pid : "7"
		signed : "*"
		"Z" < name
		name in~ ("Default", "Defaultss")`},
	{"lists of strings", `args == "write"
		args : "loginhook"
		args : ("LoginHook", "LogoutHook")
		args in ("a", "LoginHook")
		args == "write" and args == "LoginHook"
		args == "write" and args != "nope"
		args > "/" and args < "0"
		args : "* *"
		event.category == "file"
		not args == "import"`, `args != "write"
		args not in ("write")
		args == "loginhook"
		args == "defaults write"
		args : "hook"
		not args : "W*"`},
	{"numbers", `pid == 7
		pid == 7.0
		7 == pid
		pid in (1, 7)
		pid in (7.0, "x")
		pid not in (1, 2)
		pid > 6.5 and 6 < pid and pid >= 7 and pid <= 7
		pid + 1 == 8
		pid - 10 < 0
		pid / 2 == 3
		pid / 2.0 == 3.5
		pid % 4 == 3
		-pid == -7
		- (pid + 1) == -8
		pid * 2 + 1 == 15
		load * 2 == 5
		load > 2 and load < 3
		+pid == 7
		many + 1 == 6 and many + 1 == 51
		many - many == 45
		(pid > 6 and many > 49) == true
		(pid > 9 or many > 49) == true
		not (pid > 9 or many > 50) == true
		many == 50 and many == 5
		not many == 6
		big > 9.2e18
		big in (9223372036854775807)
		pid > -1
		pid-1==6`, `pid == 8
		pid == "7"
		big + 1 > 0
		not big + 1 > 0
		big * 2 == big * 2
		pid / 0.5 == 0
		pid % (pid - 7) == 0
		pid / (pid - 7) == 0
		big == 9223372036854775806
		big == 9223372036854775807.0
		name + 1 == 1
		pid < 7`},
	{"booleans", `signed
		signed == true
		not trusted
		trusted == false
		trusted != true
		signed in (true)
		flags == 3 and flags == "x" and flags == false
		(pid > 1) == signed
		(pid > 1) != trusted
		(name : "d*") == true
		true == (pid in (7))
		(gone == null) == true`, `trusted
		not signed
		signed == "true"
		name
		pid
		flags
		flags in (true)
		(pid > 9) == true
		(gone : "d*") == false`},
	{"two fields", `name == same
		name != path
		same >= name
		big > pid and load < pid
		args != name
		path == path`, `name == path
		name != same
		name < same
		pid == name
		pid < name`},
	{"logic", `true and true or false
		false and true or true
		true or false and false
		not false and true
		not (false or false)
		not not true
		signed and (trusted or name : "d*") and not pid == 8
		(((signed)))
		gone or signed or gone
		signed and not gone`, `not true or false
		not (true or false)
		(true or true) and false
		signed and trusted
		gone or trusted`},
	{"names", "`name` == \"Defaults\" \n f.any.in == 1\n `odd-name`.x == 1\n`odd-name.x` == 1\n ?name : \"d*\"", "`name` == \"x\""},
}

func TestCondition(t *testing.T) {
	for _, c := range conditions {
		for want, text := range map[bool]string{true: c.holds, false: c.fails} {
			for _, condition := range strings.Split(text, "\n") {
				condition = strings.TrimSpace(condition)
				if got := conditionMatcher(t, condition).Match(sample); got != want {
					t.Errorf("%s: %s: got %v, want %v", c.about, condition, got, want)
				}
			}
		}
	}
}

func TestCategory(t *testing.T) {
	for query, want := range map[string]bool{
		`process where true`:   true,
		`file where true`:      true,
		`network where true`:   false,
		`any where true`:       true,
		`"process" where true`: true,
		`"Process" where true`: false,
		`"any" where true`:     false,
		"process // comment\nwhere /* and\n another */ true": true,
		`process where false`:                                false,
	} {
		if got := matcher(t, query).Match(sample); got != want {
			t.Errorf("%s: got %v, want %v", query, got, want)
		}
	}
	if matcher(t, `process where true`).Match(record{}) {
		t.Error("a record without a category matched a query that asks for one")
	}
	if !matcher(t, `any where true`).Match(record{}) {
		t.Error("a record without a category did not match a query for any")
	}
}

func TestLongLists(t *testing.T) {
	var words []string
	var numbers []string
	for i := range 500 {
		words = append(words, `"Word`+strings.Repeat("é", i%7)+string(rune('a'+i%26))+strings.Repeat("k", i/26)+`"`)
		numbers = append(numbers, Int(int64(i*3)).String())
	}
	in, inFold := `name in (`+strings.Join(words, ",")+`)`, `name in~ (`+strings.Join(words, ",")+`)`
	exact, fold := conditionMatcher(t, in), conditionMatcher(t, inFold)
	for _, w := range words {
		w = strings.Trim(w, `"`)
		r, upper := record{"name": String(w)}, record{"name": String(strings.ToUpper(w))}
		other := record{"name": String(w + "x")}
		if !exact.Match(r) || !fold.Match(r) || !fold.Match(upper) || exact.Match(upper) || fold.Match(other) || exact.Match(other) {
			t.Errorf("%s: in %v in~ %v, upper in %v in~ %v, longer in %v in~ %v; want true true, false true, false false",
				w, exact.Match(r), fold.Match(r), exact.Match(upper), fold.Match(upper), exact.Match(other), fold.Match(other))
		}
	}
	if !fold.Match(record{"name": String("WORDA" + strings.Repeat("\u212A", 7))}) { // Kelvin signs are ks
		t.Error("in~ of a long list: Kelvin signs do not equal the letter k")
	}
	m := conditionMatcher(t, `pid in (`+strings.Join(numbers, ",")+`)`)
	for i := range int64(1510) {
		if got, want := m.Match(record{"pid": Int(i)}), i%3 == 0 && i < 1500; got != want {
			t.Errorf("%d in a list of multiples of 3 up to 1497: got %v, want %v", i, got, want)
		}
	}
}

func TestFields(t *testing.T) {
	q, err := Parse("process where ?b : \"x\" and a.`c` == 1 or ?a.c == 2 and `d e` and true == ?b", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(q.Fields(), "|"), "a.c|b|d e"; got != want {
		t.Errorf("fields: got %s, want %s", got, want)
	}
	for name, want := range map[string]bool{"a.c": false, "b": true, "d e": false} {
		if got := q.Optional(name); got != want {
			t.Errorf("%s optional: got %v, want %v", name, got, want)
		}
	}
	if got := q.Categories(); !slices.Equal(got, []string{"process"}) {
		t.Errorf("categories: got %v, want process", got)
	}
	if q, err = ParseCondition("a == 1", nil); err != nil || !slices.Equal(q.Categories(), []string{Any}) {
		t.Errorf("category of a condition: got %v (%v), want any", q, err)
	}
}

func TestUnknownField(t *testing.T) {
	known := func(name string) (Field[record], bool) {
		if name != "name" {
			return nil, false
		}
		return anyField(name)
	}
	q, err := Parse("process where name == \"x\" and\n  (true or ?gone == 1 or gone == 1) and lost == 2", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = Compile(q, category("event.category"), known); err == nil || err.Error() != "2:26: unknown field: gone" {
		t.Errorf("got %v, want 2:26: unknown field: gone", err)
	}
	q, err = Parse(`process where ?gone == null and ?gone != "x" and not ?gone : "*"`, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Compile(q, category("event.category"), known)
	if err != nil {
		t.Fatal(err)
	}
	if !m.Match(sample) {
		t.Error("an optional field that is not known: got something, want null")
	}
	if _, err := Compile(q, nil, known); err == nil {
		t.Error("a query with a category compiled without an accessor for it")
	}
}

func TestConcurrentMatch(t *testing.T) {
	m := matcher(t, typicalRule)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				if !m.Match(typicalRecord) {
					t.Error("got no match, want one")
					return
				}
			}
		})
	}
	wg.Wait()
}

// typicalRule has what most rules have; typicalRecord matches it only at the end.
const typicalRule = `process where host.os.type == "macos" and event.type == "start" and
	process.name == "defaults" and process.args : ("LoginHook", "LogoutHook") and
	process.args like~ "w*te" and not process.parent.executable : ("/Library/Jamf/*", "*/Contents/Jam?")`

var typicalRecord = record{
	"event.category":            String("process"),
	"event.type":                Strings([]string{"start"}),
	"host.os.type":              String("macos"),
	"process.name":              String("defaults"),
	"process.args":              Strings([]string{"/usr/bin/defaults", "write", "com.apple.loginwindow", "LoginHook", "/tmp/hook"}),
	"process.parent.executable": String("/bin/zsh"),
}

func TestMatchAllocatesNothing(t *testing.T) {
	for _, query := range []string{
		typicalRule,
		`any where process.args regex~ ("x[0-9]+", ".*hook.*")`,
		`any where process.args in~ ("1","2","3","4","5","6","7","8","9","loginHOOK")`,
		`any where process.args : "*ä*" or process.args : "*login?oo*"`,
		`any where (gone + 1 == null) == true and process.name < process.parent.executable or process.args == process.args`,
	} {
		m := matcher(t, query)
		if !m.Match(typicalRecord) {
			t.Errorf("%s: got no match, want one", query)
		}
		if raceDetector && strings.Contains(query, "regex") {
			continue
		}
		if got := testing.AllocsPerRun(200, func() { m.Match(typicalRecord) }); got != 0 {
			t.Errorf("%s: got %v allocations, want none", query, got)
		}
	}
}
