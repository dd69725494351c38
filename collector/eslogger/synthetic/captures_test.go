package synthetic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hooksnare/pkg/shared"
)

// roles names the kind of object behind a member, so that the same kind is compared
// wherever it occurs.
var roles = map[string]string{
	"process": "process", "target": "process", "child": "process",
	"executable": "file", "tty": "file", "cwd": "file", "script": "file", "stat": "stat",
	"audit_token": "token", "parent_audit_token": "token", "responsible_audit_token": "token",
	"fds": "descriptor",
}

// anatomy is what a set of lines is made of.
type anatomy struct {
	keys  map[string]map[string]bool // version and role → the sets of keys seen
	types map[string]map[string]bool // role and key → the JSON types seen
}

func newAnatomy() anatomy {
	return anatomy{map[string]map[string]bool{}, map[string]map[string]bool{}}
}

func note(m map[string]map[string]bool, k, v string) {
	if m[k] == nil {
		m[k] = map[string]bool{}
	}
	m[k][v] = true
}

// add takes in one message; it says false for one that is no fork, exec or exit.
func (a anatomy) add(m map[string]any) bool {
	ev, _ := m["event"].(map[string]any)
	for kind := range ev {
		if kind != "fork" && kind != "exec" && kind != "exit" {
			return false
		}
	}
	a.walk(fmt.Sprint(m["version"]), "message", m)
	return true
}

func (a anatomy) walk(version, role string, v any) {
	switch v := v.(type) {
	case map[string]any:
		note(a.keys, version+" "+role, strings.Join(slices.Sorted(maps.Keys(v)), " "))
		for k, child := range v {
			note(a.types, role+"."+k, typeOf(child))
			next, ok := roles[k]
			if !ok {
				next = role + "." + k
			}
			if k != "entitlements" { // its keys are the program's
				a.walk(version, next, child)
			}
		}
	case []any:
		for _, child := range v {
			a.walk(version, role, child)
		}
	}
}

func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "bool"
	}
	return "number"
}

// choices are objects whose members depend on what happened, not on the version:
// the few captures of one version do not show all of them.
var choices = map[string]bool{"descriptor": true, "message.event": true}

// anyVersion returns the sets of keys of a role in all versions.
func (a anatomy) anyVersion(role string) map[string]bool {
	all := map[string]bool{}
	for at, sets := range a.keys {
		if strings.HasSuffix(at, " "+role) {
			maps.Copy(all, sets)
		}
	}
	return all
}

// messages reads all JSON documents of r.
func messages(t *testing.T, name string, r io.Reader) []map[string]any {
	t.Helper()
	d := json.NewDecoder(r)
	d.UseNumber()
	var all []map[string]any
	for {
		var m map[string]any
		err := d.Decode(&m)
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatalf("%s: document %d: %v", name, len(all)+1, err)
		}
		all = append(all, m)
	}
}

// variety writes streams that hold each kind of object in each of its forms.
func variety(w io.Writer, version int) error {
	for seed := range uint64(2) {
		h := New(w, Options{Seed: seed, Version: version, ArrayTokens: seed == 1})
		r := rand.New(rand.NewPCG(seed, 9))
		for _, c := range slices.Concat(commands, mentions) {
			h.Run(h.Shell(), choose(r, []Spec{c}))
		}
		for _, j := range jobs {
			j(h, r)
		}
		if h.Err() != nil {
			return h.Err()
		}
	}
	return nil
}

// Every object of every line has exactly the members that the same object has in
// the real captures of the same message version, with the same types of values.
func TestLinesHaveTheShapesOfCaptures(t *testing.T) {
	files, err := filepath.Glob(shared.Path(t, "captures", "*.*json*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("captures: %v, %d files", err, len(files))
	}
	real, used := newAnatomy(), 0
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range messages(t, name, f) {
			if real.add(m) {
				used++
			}
		}
		f.Close()
	}
	ours := newAnatomy()
	for version := 6; version <= 11; version++ {
		var b bytes.Buffer
		if err := variety(&b, version); err != nil {
			t.Fatal(err)
		}
		for _, m := range messages(t, fmt.Sprint("version ", version), &b) {
			ours.add(m)
		}
	}
	compared := map[string]bool{}
	for at, want := range real.keys {
		got := ours.keys[at]
		version, role, _ := strings.Cut(at, " ")
		compared[version] = true
		if choices[role] {
			want = real.anyVersion(role)
		}
		if !maps.Equal(got, want) {
			t.Errorf("version and object %q: key sets\n got %q\nwant %q", at, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
		}
	}
	// No capture has these; Apple's header does: a script's file, and no signature.
	note(real.types, "message.event.exec.script", "object")
	note(real.types, "process.signing_id", "null")
	for at, got := range ours.types {
		for typ := range got {
			if !real.types[at][typ] {
				t.Errorf("member %q: got a %s, captures have %q", at, typ, slices.Sorted(maps.Keys(real.types[at])))
			}
		}
	}
	t.Logf("compared %d captured events, versions %q", used, slices.Sorted(maps.Keys(compared)))
	if len(compared) < 5 {
		t.Errorf("compared versions: got %d, want the 5 that captures exist for", len(compared))
	}
}

// A version without captures has the shape of its neighbours.
func TestShapesFollowTheVersion(t *testing.T) {
	keys := map[int]map[string]map[string]bool{}
	for version := 6; version <= 12; version++ {
		var b bytes.Buffer
		if err := variety(&b, version); err != nil {
			t.Fatal(err)
		}
		a := newAnatomy()
		for _, m := range messages(t, "variety", &b) {
			a.add(m)
		}
		keys[version] = map[string]map[string]bool{}
		for at, sets := range a.keys {
			_, role, _ := strings.Cut(at, " ")
			keys[version][role] = sets
		}
	}
	has := func(version int, role, key string) bool {
		for set := range keys[version][role] {
			if !slices.Contains(strings.Fields(set), key) {
				return false
			}
		}
		return len(keys[version][role]) > 0
	}
	for _, c := range []struct {
		role, key string
		since     int
	}{
		{"message.event.exec", "dyld_exec_path", 7},
		{"process", "cs_validation_category", 10},
		{"message.event.exec", "entitlements", 11},
	} {
		for version := range keys {
			if got, want := has(version, c.role, c.key), version >= c.since; got != want {
				t.Errorf("version %d, %s: got %q %v, want %v", version, c.role, c.key, got, want)
			}
		}
	}
}
