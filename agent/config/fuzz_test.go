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
			at := &origin{file: "FILE", root: root, problems: &problems{}, checkWhere: condition}
			c := below(root)
			keys := at.document(&c, kind, doc)
			valid(t, c, root)
			errs := at.problems.sorted(at.file)
			if len(errs) > maxProblems+1 {
				t.Errorf("got %d errors, want at most %d", len(errs), maxProblems+1)
			}
			for _, e := range errs {
				if text := e.Error(); !strings.HasPrefix(text, "FILE:") || e.Why == "" || strings.ContainsFunc(text, unicode.IsControl) {
					t.Errorf("got error %q, want one printable line about FILE", text)
				}
			}
			for _, k := range keys {
				if _, found := (Sources{{Keys: keys}}).Of(k + "[0].X"); !found {
					t.Errorf("key %q of the file is not found again", k)
				}
			}
		}
	})
}
