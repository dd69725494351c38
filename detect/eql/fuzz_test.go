package eql

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// queries are seeds that use the whole of the language.
func queries() (all []string) {
	all = append(all, typicalRule,
		`sequence by a [process where true] [file where b == 1] until [any where true]`,
		`sequence by ?name with maxspan=1m [any where pid == 7] by args with runs=2 ![file where signed] by gone [any where true] by same | tail 2`,
		"\"c\" where ?a.`b``c` == \"\"\"x\"\"\" | head 5",
		"sequence with maxspan=5s\n  ![any where true]\n [any where length(name) > 1] ![any where true] until [any where name:length() == 2]")
	for _, c := range conditions {
		for _, condition := range strings.Split(c.holds+"\n"+c.fails, "\n") {
			all = append(all, "any where "+strings.TrimSpace(condition))
		}
	}
	for _, c := range functionConditions {
		for _, condition := range strings.Split(c.holds+"\n"+c.fails, "\n") {
			all = append(all, "any where "+strings.TrimSpace(condition))
		}
	}
	return all
}

// kindByLength gives fields every kind there is.
func kindByLength(field string) Kind { return [...]Kind{AnyKind, Boolean, Number, Text}[len(field)%4] }

func FuzzParse(f *testing.F) {
	for _, q := range queries() {
		f.Add(q)
	}
	records := []record{sample, typicalRecord, {}, functionSample(), sample}
	f.Fuzz(func(t *testing.T, text string) {
		for _, parse := range []func(string, Kinds) (*Query, error){Parse, ParseCondition} {
			q, err := parse(text, nil)
			if err != nil {
				if e, ok := err.(*Error); !ok || e.Line < 1 || e.Col < 1 || e.Msg == "" {
					t.Fatalf("%q: got the error %#v", text, err)
				}
				if _, err := parse(text, kindByLength); err == nil {
					t.Fatalf("%q: is refused, but not where the kinds of fields are known", text)
				}
				continue
			}
			if _, err := parse(text, kindByLength); err != nil && !strings.Contains(err.Error(), "(") {
				t.Fatalf("%q: got %v where kinds are known, want the field that is of another kind", text, err)
			}
			n := 0
			results, err := Run(q, records, category("event.category"), anyField, SequenceOptions[record]{
				Time: func(record) (int64, bool) { n++; return int64(n) * 1e9, true },
			})
			if err != nil && !strings.Contains(err.Error(), "fields in one computation") {
				t.Fatalf("%q: parsed, but does not compile: %v", text, err)
			}
			if err == nil {
				checkResultsRequired(t, q, results)
			}
		}
	})
}

// FuzzFunctions calls every function with whatever values there are.
func FuzzFunctions(f *testing.F) {
	f.Add("Defaults", "FAU", "ts", int64(-3), 2.5, false)
	f.Add("K\u212A\u017Fs", "ſ", "", int64(1<<62), -1e300, true)
	f.Add("10.1.2.3", "::ffff:10.0.0.0/100", "0x1F", int64(36), 1e7, false)
	f.Add("\xff\xfe", "\xff", strings.Repeat("a", 100), int64(0), 0.0, true)
	f.Fuzz(func(t *testing.T, a, b, c string, i int64, d float64, x bool) {
		args := []Value{String(a), String(b), String(c), Int(i), Float(d), Bool(x), Null(), Strings([]string{a, b}), List([]Value{Int(i), String(c)})}
		for _, fn := range functions {
			for _, fold := range []bool{false, true} {
				call := &funcCall{function: fn, Fold: fold}
				for n := range args {
					checkCall(t, call, []Value{args[n], args[(n+len(b))%9], args[int(uint64(i)%9)], args[len(c)%9]})
				}
			}
		}
		checkFind(t, a+b+c, b)
		for _, part := range []string{a, b, c} {
			for _, fold := range []bool{false, true} {
				for name, eval := range map[string]func(bool, Value, Value, Value, Value) Value{"startsWith": startsWith, "endsWith": endsWith, "stringContains": stringContains} {
					if p, ok := partPredicate(name, part, fold); ok && utf8.ValidString(a+part) {
						got, want := p.text(a), eval(fold, String(a), String(part), Value{}, Value{}).bool()
						if got != want {
							t.Errorf("%s %q in %q, any case %v: got %v, want %v", name, part, a, fold, got, want)
						}
					}
				}
			}
		}
	})
}

func checkCall(t *testing.T, c *funcCall, args []Value) {
	t.Helper()
	switch {
	case c.op != "":
		arithmetic(c.op, args[0], args[1])
		return
	case c.name == "cidrMatch":
		readBlock(args[1].text)
		return
	case c.name == "number" && args[1].kind != kNull:
		args[1] = Int(int64(len(args[0].text)%35 + 2)) // what loading makes sure of
	}
	if !c.more {
		args = args[:len(c.params)]
	}
	v := c.compute(args)
	if k := c.result; v.kind != k && v.kind != kNull && (k != kInt || v.kind != kFloat) {
		t.Errorf("%s%v: got %v, want the type %s", c.name, args, v, k.describe())
	}
	if args[0].missing() && !v.missing() {
		t.Errorf("%s%v: got %v, want null", c.name, args, v)
	}
}

// checkFind compares the search in any case with one that tries every place.
func checkFind(t *testing.T, s, part string) {
	t.Helper()
	wantFirst, wantLast := -1, -1
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i]&0xc0 == 0x80 { // not where a character begins
			continue
		}
		if startsWith(true, String(s[i:]), String(part), Value{}, Value{}).bool() {
			if wantLast = i; wantFirst < 0 {
				wantFirst = i
			}
		}
	}
	if got, _ := find(s, part, true, false); got != wantFirst && !strings.ContainsRune(s, '\ufffd') {
		t.Errorf("first %q in %.40q: got %d, want %d", part, s, got, wantFirst)
	}
	if got, _ := find(s, part, true, true); got != wantLast && !strings.ContainsRune(s, '\ufffd') {
		t.Errorf("last %q in %.40q: got %d, want %d", part, s, got, wantLast)
	}
}
