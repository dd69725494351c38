package config

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	howett "howett.net/plist"
)

// FuzzLoad holds that whatever a file says, the configuration that comes of it keeps
// its promises, and that each error is one printable line that names the file.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/wrong/*.plist")
	if err != nil {
		f.Fatal(err)
	}
	docs := [][]byte{read(f, "complete.plist")}
	for _, file := range files {
		docs = append(docs, read(f, "wrong", filepath.Base(file)))
	}
	for _, doc := range docs {
		f.Add(doc)
		if !strings.Contains(string(doc), "<real>nan") {
			f.Add(document(f, generic(f, doc), howett.BinaryFormat))
		}
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		const root = "/fake/root"
		for _, kind := range []Layer{File, Managed} {
			d := newDecoder(kind, Options{Root: root})
			d.Name = "FILE"
			c := defaultBelow(root)
			d.decodeContent(configKeys(&c), doc)
			valid(t, c, root)
			errs := d.sortedErrors()
			if len(errs) > maxFaults+1 {
				t.Errorf("got %d errors, want at most %d", len(errs), maxFaults+1)
			}
			for _, e := range errs {
				if text := e.Error(); !strings.HasPrefix(text, "FILE:") || strings.HasSuffix(text, ": ") || strings.ContainsFunc(text, unicode.IsControl) {
					t.Errorf("got error %q, want one printable line about FILE", text)
				}
			}
			for name := range d.set {
				if _, found := d.set.Of(name + "[0].X"); !found {
					t.Errorf("key %q of the file is not found again", name)
				}
			}
		}
	})
}
