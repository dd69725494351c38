package detect

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"hooksnare/detect/eql"
)

func document(t testing.TB, text string) Document {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var d Document
	if err := dec.Decode(&d); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return d
}

func TestDocumentField(t *testing.T) {
	for _, tc := range []struct{ text, name, want string }{
		{`{"a":"x"}`, "a", `"x"`},
		{`{"a":{"b":"x"}}`, "a.b", `"x"`},
		{`{"a.b":"x"}`, "a.b", `"x"`},
		{`{"a":{"b.c":"x"}}`, "a.b.c", `"x"`},
		{`{"a.b":{"c":"x"}}`, "a.b.c", `"x"`},
		{`{"a":{"b":{"c":"x"}},"a.b":{"c":"y"},"a.b.c":"z"}`, "a.b.c", `("x", "y", "z")`},
		{`{"a":["x","y"]}`, "a", `("x", "y")`},
		{`{"a":[["x"],[["y"]]]}`, "a", `("x", "y")`},
		{`{"a":["x"]}`, "a", `"x"`},
		{`{"a":[{"b":"x"},{"b":["y","z"]},{"c":"w"}]}`, "a.b", `("x", "y", "z")`},
		{`{"a":[{"b":"x"},"y"]}`, "a", `"y"`},
		{`{"a":[]}`, "a", "null"},
		{`{"a":null}`, "a", "null"},
		{`{"a":[null,"x",null]}`, "a", `"x"`},
		{`{"a":{"b":"x"}}`, "a", "null"},
		{`{"a":"x"}`, "a.b", "null"},
		{`{}`, "a", "null"},
		{`{"a":"x"}`, "b", "null"},
		{`{"a":"x"}`, "A", "null"},
		{`{"a":""}`, "a", `""`},
		{`{"a":true}`, "a", "true"},
		{`{"a":[false,1,"x",2.5]}`, "a", `(false, 1, "x", 2.5)`},
		{`{"a":42}`, "a", "42"},
		{`{"a":-42}`, "a", "-42"},
		{`{"a":9223372036854775807}`, "a", "9223372036854775807"},
		{`{"a":9223372036854775808}`, "a", "9.223372036854776e+18"},
		{`{"a":18446744073709551615}`, "a", "1.8446744073709552e+19"},
		{`{"a":1.0}`, "a", "1"},
		{`{"a":1e2}`, "a", "100"},
		{`{"a":1e999}`, "a", "null"},
		{`{"":{"":"x"}}`, ".", `"x"`},
		{`{"a":{"":"x"}}`, "a.", `"x"`},
		{`{"a":{"a":{"a":"x"}}}`, "a.a.a", `"x"`},
	} {
		got := documentField(tc.name)(document(t, tc.text)).String()
		if got != tc.want {
			t.Errorf("%s of %s: got %s, want %s", tc.name, tc.text, got, tc.want)
		}
	}
}

func TestCompileDocument(t *testing.T) {
	for _, tc := range []struct {
		query, category, text string
		want                  bool
	}{
		{`process where no.such.field == null`, "", `{"event":{"category":["process"]}}`, true},
		{`process where a == 1`, "", `{"event.category":"process","a":1}`, true},
		{`process where a == 1`, "", `{"event":{"category":"file"},"a":1}`, false},
		{`process where a == 1`, "", `{"a":1}`, false},
		{`any where a == 1`, "", `{"a":1}`, true},
		{`start where a == 1`, "kind.of", `{"kind":{"of":"start"},"a":1}`, true},
		{`file where file.path : "/x/*"`, "", `{"event":{"category":["file"]},"file":{"path":"/x/y"}}`, true},
	} {
		r := rule(t, "r", tc.query)
		r.EventCategory = tc.category
		m, err := CompileDocument(r)
		if err != nil {
			t.Errorf("%s: %v", tc.query, err)
			continue
		}
		if got := m(document(t, tc.text)); got != tc.want {
			t.Errorf("%s of %s: got %v, want %v", tc.query, tc.text, got, tc.want)
		}
	}
}

// slowly finds the same values by writing the whole document flat first.
func slowly(node any, name string, to map[string][]eql.Value) {
	switch node := node.(type) {
	case map[string]any:
		for key, member := range node {
			full := key
			if name != "\x00" {
				full = name + "." + key
			}
			slowly(member, full, to)
		}
	case []any:
		for _, e := range node {
			slowly(e, name, to)
		}
	default:
		if v, ok := scalar(node); ok {
			to[name] = append(to[name], v)
		}
	}
}

// FuzzDocument takes any object and any name: what is found under a name is what the
// object has there when it is written flat.
func FuzzDocument(f *testing.F) {
	f.Add(`{"a":{"b":[{"c":1},{"c":"x"}]},"a.b":{"c":true}}`, "a.b.c")
	f.Add(`{"a":[[1.5,null],{"b":1e999}],"..":{"":-0}}`, "...")
	f.Add(`{"a":{"a.a":{"a":1}},"a.a":{"a":{"a":2}},"a.a.a.a":3}`, "a.a.a.a")
	f.Fuzz(func(t *testing.T, text, name string) {
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		var d Document
		if dec.Decode(&d) != nil || strings.Contains(text, `\u0000`) || strings.Contains(text, "\x00") || !utf8.ValidString(name) {
			return
		}
		flat := map[string][]eql.Value{}
		slowly(map[string]any(d), "\x00", flat)
		got, want := written(gather(nil, map[string]any(d), name)), written(flat[name])
		if !slices.Equal(got, want) {
			t.Errorf("%q of %s: got %v, want %v", name, text, got, want)
		}
		if v := documentField(name)(d).String(); (v == "null") != (len(got) == 0) {
			t.Errorf("%q of %s: got %s of %v", name, text, v, got)
		}
	})
}

// written is values as text, sorted: members of an object have no order.
func written(list []eql.Value) []string {
	var out []string
	for _, v := range list {
		out = append(out, v.String())
	}
	slices.Sort(out)
	return out
}
