package detect

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hooksnare/detect/eql"
)

// TestFieldKinds holds that a field has the kind that FIELDS.md and the field's own values have.
func TestFieldKinds(t *testing.T) {
	text, err := os.ReadFile("FIELDS.md")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]eql.Kind{"keyword": eql.Text, "keywords": eql.Text, "date": eql.Text, "long": eql.Number, "boolean": eql.Boolean}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([a-z]+) \\|").FindAllStringSubmatch(string(text), -1) {
		if got, want := FieldKind(row[1]), kinds[row[2]]; got != want {
			t.Errorf("%s: got kind %v, FIELDS.md has %s", row[1], got, row[2])
		}
	}
	form := map[eql.Kind]*regexp.Regexp{
		eql.Text: regexp.MustCompile(`^(null|\(?".*"\)?)$`), eql.Number: regexp.MustCompile(`^(null|[0-9]+)$`), eql.Boolean: regexp.MustCompile(`^(true|false)$`),
	}
	for _, name := range fieldNames() {
		if got := fields[name](everything()).String(); !form[FieldKind(name)].MatchString(got) {
			t.Errorf("%s: got %s, which is not of the kind %v", name, got, FieldKind(name))
		}
	}
	for _, name := range []string{"", "pid", "x.pid", "file.size", "process.hash.md5"} {
		if got := FieldKind(name); got != eql.AnyKind {
			t.Errorf("%s: got kind %v of a field that is not known", name, got)
		}
	}
}

// fieldOf has a field of each kind.
var fieldOf = map[string]string{"text": "user.id", "texts": "process.args", "number": "process.pid", "boolean": "process.interactive", "any": "some.field"}

// wrongKinds are conditions that can't mean anything, each with a part of its error.
var wrongKinds = [][2]string{
	{`user.id == 0`, `1:9: can't compare user.id (a string) with a number: write user.id == "0"`},
	{`user.id != 0`, `1:9: can't compare user.id (a string) with a number: write user.id != "0"`},
	{`0 == user.id`, `write user.id == "0"`},
	{`501 < user.id`, `write user.id > "501"`},
	{`user.id > 500`, `write user.id > "500"`},
	{`user.id >= 500`, `write user.id >= "500"`},
	{`user.id < 500`, `write user.id < "500"`},
	{`user.id <= 500`, `write user.id <= "500"`},
	{`user.id == 0.5`, `write user.id == "0.5"`},
	{`user.id == true`, `can't compare user.id (a string) with true or false: write user.id == "true"`},
	{`not user.id == 0`, `user.id (a string)`},
	{`user.id in (0)`, `can't compare user.id (a string) with a number: write "0"`},
	{`user.id in ("1", 0)`, `1:18: can't compare`},
	{`user.id not in (0, 501)`, `write "0"`},
	{`user.id in~ (0)`, `can't compare user.id (a string) with a number`},
	{`user.id in (true)`, `write "true"`},
	{`user.id : 0`, `: takes a string, not a number`},
	{`user.id : ("0", 0)`, `: takes a string, not a number`},
	{`user.id like 0`, `like takes a string`},
	{`user.id like~ 0`, `like~ takes a string`},
	{`user.id regex 0`, `regex takes a string`},
	{`user.id regex~ 0`, `regex~ takes a string`},
	{`user.id`, `1:1: not a condition: user.id (a string)`},
	{`not user.id`, `not a condition: user.id (a string)`},
	{`process.name == "x" and user.id`, `not a condition: user.id (a string)`},
	{`user.id or true`, `not a condition: user.id (a string)`},
	{`user.id + 1 == 1`, `can't compute + with user.id (a string): write number(user.id)`},
	{`-user.id == 1`, `write number(user.id)`},
	{`1 % user.id == 1`, `can't compute % with user.id`},
	{`add(user.id, 1) == 1`, `add: argument 1 is user.id (a string), expected a number: write number(user.id)`},
	{`process.args == 5`, `can't compare process.args (a string) with a number`},
	{`process.args in (5)`, `can't compare process.args (a string)`},
	{`process.env_vars == true`, `process.env_vars (a string)`},
	{`event.type == 1`, `event.type (a string)`},
	{`@timestamp > 1700000000000`, `@timestamp (a string)`},
	{`process.args_count == "5"`, `1:20: can't compare process.args_count (a number) with a string: write process.args_count == 5`},
	{`process.args_count != "5"`, `write process.args_count != 5`},
	{`"5" <= process.args_count`, `write process.args_count >= 5`},
	{`process.args_count > "many"`, `can't compare process.args_count (a number) with a string`},
	{`process.pid == true`, `can't compare process.pid (a number) with true or false`},
	{`process.pid in ("1")`, `write 1`},
	{`process.pid in (1, "2")`, `write 2`},
	{`process.pid not in ("1", "x")`, `process.pid (a number)`},
	{`process.pid in~ ("1")`, `process.pid (a number)`},
	{`process.pid in~ (1)`, `in~ takes strings, not a number`},
	{`process.pid : "4*"`, `: looks at strings, not at process.pid (a number): write string(process.pid)`},
	{`process.pid : ("4*", "5")`, `process.pid (a number)`},
	{`process.pid like "4*"`, `like looks at strings, not at process.pid (a number)`},
	{`process.pid like~ "4*"`, `process.pid (a number)`},
	{`process.pid regex "4.*"`, `regex looks at strings, not at process.pid (a number)`},
	{`process.pid regex~ "4.*"`, `process.pid (a number)`},
	{`startsWith(process.pid, "4")`, `1:12: startsWith: argument 1 is process.pid (a number), expected a string: write string(process.pid)`},
	{`startsWith~(process.pid, "4")`, `startsWith: argument 1`},
	{`startsWith(process.name, process.pid)`, `startsWith: argument 2 is process.pid (a number)`},
	{`process.pid : startsWith("4")`, `startsWith: argument 1 is process.pid`},
	{`endsWith(process.pid, "4")`, `endsWith: argument 1`},
	{`stringContains(process.pid, "4")`, `stringContains: argument 1`},
	{`stringContains(process.name, true)`, `stringContains: argument 2 is true or false`},
	{`length(process.pid) > 1`, `length: argument 1 is process.pid (a number)`},
	{`length(process.interactive) > 1`, `length: argument 1 is process.interactive (true or false)`},
	{`length(process.name) == "5"`, `can't compare a number with a string`},
	{`indexOf(process.exit_code, "1") == 0`, `indexOf: argument 1`},
	{`indexOf(process.name, "1", user.id) == 0`, `indexOf: argument 3 is user.id (a string), expected a number: write number(user.id)`},
	{`indexOf(process.name, "1") == "0"`, `can't compare a number with a string`},
	{`substring(process.pid, 0) == "4"`, `substring: argument 1`},
	{`substring(process.name, user.id) == "4"`, `substring: argument 2 is user.id (a string), expected a number`},
	{`substring(process.name, 1) == 4`, `can't compare a string with a number`},
	{`between(process.pid, "1", "2") == "3"`, `between: argument 1`},
	{`between(process.name, "1", "2", process.pid) == "3"`, `between: argument 4 is process.pid (a number), expected true or false`},
	{`between(process.name, "1", "2") == 3`, `can't compare a string with a number`},
	{`cidrMatch(process.pid, "10.0.0.0/8")`, `cidrMatch: argument 1 is process.pid`},
	{`cidrMatch(host.name, host.id)`, `cidrMatch: argument 2 must be a constant`},
	{`concat(process.pid, "1") == 41`, `can't compare a string with a number`},
	{`string(process.pid) == 4`, `can't compare a string with a number`},
	{`number(process.pid) == 4`, `number: argument 1 is process.pid (a number), expected a string`},
	{`number(user.id) == "0"`, `can't compare a number with a string`},
	{`number(user.id, user.id) == 0`, `number: argument 2 is user.id (a string)`},
	{`process.pid + 1 == "2"`, `can't compare a number with a string`},
	{`process.pid + 1`, `not a condition: a number`},
	{`multiply(process.interactive, 2) == 2`, `multiply: argument 1 is process.interactive (true or false)`},
	{`process.pid`, `not a condition: process.pid (a number)`},
	{`process.code_signature.trusted == "false"`, `can't compare process.code_signature.trusted (true or false) with a string: write process.code_signature.trusted == false`},
	{`process.code_signature.trusted != "TRUE"`, `write process.code_signature.trusted != true`},
	{`process.code_signature.trusted == "no"`, `process.code_signature.trusted (true or false) with a string`},
	{`process.code_signature.exists == 0`, `can't compare process.code_signature.exists (true or false) with a number`},
	{`process.code_signature.exists in ("true")`, `write true`},
	{`process.code_signature.exists : "true"`, `: looks at strings, not at process.code_signature.exists (true or false)`},
	{`process.code_signature.exists > false`, `process.code_signature.exists (true or false) has no order: >`},
	{`process.interactive < process.pid`, `process.interactive (true or false) has no order: <`},
	{`process.pid <= process.interactive`, `process.interactive (true or false) has no order: <=`},
	{`process.interactive == process.pid`, `can't compare process.interactive (true or false) with process.pid (a number)`},
	{`process.pid == user.id`, `can't compare process.pid (a number) with user.id (a string)`},
	{`process.parent.pid != process.name`, `process.parent.pid (a number)`},
	{`startsWith(process.name, "x") == 1`, `can't compare true or false with a number`},
	{`(process.pid == 1) == "true"`, `can't compare true or false with a string`},
	{`?process.pid == "1"`, `process.pid (a number)`},
	{"process.`pid` == \"1\"", `process.pid (a number)`},
	{`hooksnare.hook.value == 5`, `hooksnare.hook.value (a string)`},
	{`some.field == 5 and user.id == 5`, `user.id (a string)`},
}

// rightKinds are conditions beside those, which must load.
var rightKinds = []string{
	`user.id == "0"`, `user.id != "0"`, `"0" == user.id`, `user.id > "500"`, `user.id >= "500"`, `user.id < "500"`, `user.id <= "500"`,
	`not user.id == "0"`, `user.id in ("0")`, `user.id not in ("0", "501")`, `user.id in~ ("0")`, `user.id in ("0", null)`,
	`user.id : "0"`, `user.id : ("0", "5*")`, `user.id like "0*"`, `user.id like~ "0*"`, `user.id regex "[0-9]+"`, `user.id regex~ "[0-9]+"`,
	`user.id == null`, `user.id != null`, `null == process.pid`, `process.interactive != null`,
	`number(user.id) + 1 == 1`, `-number(user.id) == 0`, `number(user.id) >= 500`, `number(user.id, 10) >= 500`,
	`process.args == "x"`, `process.args : ("x", "y*")`, `process.args in ("x")`, `process.env_vars like "HOME=*"`, `event.type == "start"`,
	`@timestamp > "2026-01-01"`, `process.start != null`,
	`process.args_count == 5`, `process.args_count != 5`, `5 <= process.args_count`, `process.args_count == 5.0`, `process.args_count > -1`,
	`process.pid in (1, 2.0)`, `process.pid not in (1)`, `process.pid in (null, 1)`, `process.pid == process.parent.pid`, `process.pid + 1 == 2`,
	`add(process.pid, 1) == 2`, `process.pid % 2 == 0`, `process.pid * 2 > process.parent.pid`,
	`startsWith(string(process.pid), "4")`, `string(process.pid) : "4*"`, `startsWith~(process.name, "X")`, `startsWith(process.name, process.parent.name)`,
	`endsWith(process.name, "x")`, `stringContains(process.command_line, "x")`, `length(process.name) > 5`, `length(string(process.pid)) == 2`,
	`indexOf(process.name, "x") == 0`, `indexOf(process.name, "x", process.pid) == 0`, `indexOf(process.name, "x") != null`,
	`substring(process.name, 1) == "x"`, `substring(process.name, 1, process.args_count) == "x"`, `substring(process.name, number(user.id)) == "x"`,
	`between(process.name, "a", "b") == "x"`, `between(process.name, "a", "b", process.interactive) == "x"`,
	`cidrMatch(host.name, "10.0.0.0/8")`, `concat(process.pid, user.id, process.interactive) == "x"`, `string(process.interactive) == "true"`,
	`process.code_signature.trusted == false`, `process.code_signature.trusted != true`, `process.code_signature.trusted`, `not process.code_signature.exists`,
	`process.code_signature.exists in (true, null)`, `process.interactive == process.code_signature.exists`, `process.interactive and process.pid == 1`,
	`startsWith(process.name, "x") == true`, `(process.pid == 1) == (user.id == "0")`, `process.name : startsWith("x")`, `(process.pid == 1) == process.interactive`,
	// Of a field that is not known nobody can say.
	`?some.field == 5`, `?some.field == "5"`, `?some.field == true`, `?some.field : "5"`, `?some.field in (1, "1", true)`, `?some.field`, `startsWith(?some.field, "x")`,
	`?some.field == user.id`, `?some.field == process.pid`, `?some.field + 1 == 1`, `length(?some.field) == 1`,
}

// TestKinds loads conditions, each also as an exception's and as a part of larger queries.
func TestKinds(t *testing.T) {
	queries := func(condition string) []string {
		return []string{
			"any where " + condition, "process where true and (" + condition + ")", "any where " + condition + " | head 1",
			"sequence [any where true] [any where " + condition + "]", "sequence [any where true] [any where true] until [any where " + condition + "]",
			"sequence with maxspan=1m [any where true] ![any where " + condition + "]",
		}
	}
	if len(wrongKinds) < 60 || len(rightKinds) < 60 {
		t.Errorf("got %d conditions that are wrong and %d that are right, want 60 of each", len(wrongKinds), len(rightKinds))
	}
	for _, tc := range wrongKinds {
		if _, err := CheckWhere(tc[0]); err == nil || !strings.Contains(err.Error(), tc[1]) {
			t.Errorf("%s: got error %v, want %s", tc[0], err, tc[1])
		}
		for _, query := range queries(tc[0]) {
			if _, err := eql.Parse(query, FieldKind); err == nil {
				t.Errorf("%s: is accepted", query)
			}
		}
	}
	for _, condition := range rightKinds {
		if !strings.Contains(condition, "process.args") && !strings.Contains(condition, "process.env_vars") && !strings.Contains(condition, "command_line") {
			if _, err := CheckWhere(condition); err != nil {
				t.Errorf("%s: %v", condition, err)
			}
		}
		for _, query := range queries(condition) {
			if _, err := eql.Parse(query, FieldKind); err != nil {
				t.Errorf("%s: %v", query, err)
			}
		}
	}
}

// TestKindsOfOperators asks every kind of field for every kind of value with every operator: what
// loads is what can be true for some value of the field and false for another.
func TestKindsOfOperators(t *testing.T) {
	values := map[string][]string{"text": {`"5"`}, "texts": {`"5"`}, "number": {"5", "5.5"}, "boolean": {"true"}, "any": {`"5"`, "5", "5.5", "true"}}
	for kind, name := range fieldOf {
		for _, op := range []string{"==", "!=", "<", "<=", ">", ">=", "in", "not in", "in~", "not in~"} {
			for _, v := range []string{`"5"`, "5", "5.5", "true"} {
				condition := fmt.Sprintf("%s %s (%s)", name, op, v)
				isOrder, folds := strings.ContainsAny(op, "<>"), strings.HasSuffix(op, "~")
				want := slices.Contains(values[kind], v) && !(isOrder && v == "true") && !(folds && v != `"5"`)
				if _, err := eql.ParseCondition(condition, FieldKind); (err == nil) != want {
					t.Errorf("%s: got error %v, want that it loads: %v", condition, err, want)
				}
			}
		}
		for _, op := range []string{":", "like", "like~", "regex", "regex~"} {
			want := kind == "text" || kind == "texts" || kind == "any"
			if _, err := eql.ParseCondition(name+" "+op+` "5"`, FieldKind); (err == nil) != want {
				t.Errorf(`%s %s "5": got error %v, want that it loads: %v`, name, op, err, want)
			}
		}
	}
}

// TestKindsOfKeys joins events by fields of every two kinds.
func TestKindsOfKeys(t *testing.T) {
	for a, first := range fieldOf {
		for b, second := range fieldOf {
			want := a == b || a == "any" || b == "any" || strings.HasPrefix(a, "text") && strings.HasPrefix(b, "text")
			for _, query := range []string{
				fmt.Sprintf("sequence [any where true] by %s [any where true] by %s", first, second),
				fmt.Sprintf("sequence by host.id [any where true] by ?%s [any where true] by ?%s", first, second),
				fmt.Sprintf("sequence [any where true] by %s [any where true] by %s until [any where true] by %s", first, first, second),
				fmt.Sprintf("sequence with maxspan=1s [any where true] by %s ![any where true] by %s", first, second),
			} {
				_, err := eql.Parse(query, FieldKind)
				if (err == nil) != want {
					t.Errorf("%s: got error %v, want that it loads: %v", query, err, want)
				}
				if err != nil && !(strings.Contains(err.Error(), first) && strings.Contains(err.Error(), second)) {
					t.Errorf("%s: got error %v, want one that names both fields", query, err)
				}
			}
		}
	}
}
