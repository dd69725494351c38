package config

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	howett "howett.net/plist"
)

var update = flag.Bool("update", false, "write the golden files anew")

// write puts a file that only its owner may write below a folder and returns its path.
func write(t testing.TB, content []byte, elem ...string) string {
	t.Helper()
	path := filepath.Join(elem...)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// document returns a property list with the given value in the given form.
func document(t testing.TB, v any, form int) []byte {
	t.Helper()
	b, err := howett.MarshalIndent(v, form, "\t")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// xmlFile writes a property list in XML.
func xmlFile(t testing.TB, v any, elem ...string) string {
	t.Helper()
	return write(t, document(t, v, howett.XMLFormat), elem...)
}

// read returns a file of testdata.
func read(t testing.TB, elem ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{"testdata"}, elem...)...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// golden compares a text with a file of testdata.
func golden(t *testing.T, got string, elem ...string) {
	t.Helper()
	path := filepath.Join(append([]string{"testdata"}, elem...)...)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; go test -update writes it anew\n got:\n%s\nwant:\n%s", path, got, want)
	}
}

// generic decodes without the checks of the agent.
func generic(t testing.TB, doc []byte) any {
	t.Helper()
	var v any
	if _, err := howett.Unmarshal(doc, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func parseDate(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}
