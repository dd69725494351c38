package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	howett "howett.net/plist"
)

// TestWrong holds the exact words of every error, and that the binary form of the same
// property list has the same errors, without lines.
func TestWrong(t *testing.T) {
	files, err := filepath.Glob("testdata/wrong/*.plist")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d files, %v, want the wrong configurations", len(files), err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			doc := read(t, "wrong", name)
			got := wrong(t, doc)
			golden(t, got, "wrong", strings.TrimSuffix(name, ".plist")+".want")

			if name == "not-numbers.plist" {
				return // the library's encoder has no binary form of them
			}
			binary := document(t, generic(t, doc), howett.BinaryFormat)
			noLines := regexp.MustCompile(`(?m)^FILE:\d+:`).ReplaceAllString(got, "FILE:")
			if got, want := sorted(wrong(t, binary)), sorted(noLines); !slices.Equal(got, want) {
				t.Errorf("binary form\n got %s\nwant %s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// wrong returns the errors about a document, and checks what comes with them.
func wrong(t *testing.T, doc []byte) string {
	t.Helper()
	file := write(t, doc, t.TempDir(), "c.plist")
	c, _, err := Load(Options{File: file})
	if err == nil {
		t.Fatalf("got no error, want one for %s", doc)
	}
	valid(t, c, "")
	var one *Error
	if !errors.As(err, &one) || one.File != file {
		t.Errorf("got %+v, want an Error about %s", one, file)
	}
	text := err.Error()
	if strings.Contains(text, "hunter2") || strings.Contains(text, "4711") {
		t.Errorf("the secret is in the error: %s", text)
	}
	return strings.ReplaceAll(text, file, "FILE") + "\n"
}

func sorted(lines string) []string { return slices.Sorted(slices.Values(strings.Split(lines, "\n"))) }

// TestRefused has files that are not read at all.
func TestRefused(t *testing.T) {
	good := document(t, map[string]any{"SweepInterval": 1}, howett.XMLFormat)
	tests := []struct {
		name string
		make func(path string) error
		want string // part of the error behind the file's path
	}{
		{"absent", func(string) error { return nil }, "no such file"},
		{"folder", func(p string) error { return os.Mkdir(p, 0o755) }, "file"},
		{"others can write", func(p string) error {
			return errors.Join(os.WriteFile(p, good, 0o600), os.Chmod(p, 0o666))
		}, "write"},
		{"group can write", func(p string) error {
			return errors.Join(os.WriteFile(p, good, 0o600), os.Chmod(p, 0o660))
		}, "write"},
		{"too large", func(p string) error { return os.WriteFile(p, make([]byte, maxFile+1), 0o600) }, fmt.Sprint(maxFile)},
		{"empty", func(p string) error { return os.WriteFile(p, nil, 0o600) }, "not a property list"},
		{"text", func(p string) error { return os.WriteFile(p, []byte("{SweepInterval = 1;}"), 0o600) }, "not a property list"},
		{"cut short", func(p string) error { return os.WriteFile(p, good[:len(good)/2], 0o600) }, "malformed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "c.plist")
			if err := tt.make(path); err != nil {
				t.Fatal(err)
			}
			c, sources, err := Load(Options{File: path})
			if err == nil || !strings.HasPrefix(err.Error(), path+":") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s: ...%s...", err, path, tt.want)
			}
			if strings.Count(err.Error(), path+": ") > 1 {
				t.Errorf("got %v, want the path named once in front", err)
			}
			if len(sources) != 0 {
				t.Errorf("got sources %v, want none", sources)
			}
			valid(t, c, "")
		})
	}
}

// TestManyErrors holds that a file of nothing but mistakes is told in a bounded number
// of lines.
func TestManyErrors(t *testing.T) {
	d := map[string]any{}
	for i := range 5000 {
		d[fmt.Sprintf("SweepInterval%d", i)] = 1
	}
	_, _, err := Load(Options{File: xmlFile(t, d, t.TempDir(), "c.plist")})
	lines := strings.Split(err.Error(), "\n")
	if got, want := len(lines), maxFaults+1; got != want {
		t.Errorf("got %d lines, want %d", got, want)
	}
	if got, want := lines[len(lines)-1], ": 4900 more errors"; !strings.HasSuffix(got, want) {
		t.Errorf("got %q at the end, want %q", got, want)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"SweepInterval", "CanaryInterval", "Outputs", "URL", "ID"}
	tests := []struct{ name, want string }{
		{"SweepIntervall", "SweepInterval"},
		{"sweepinterval", "SweepInterval"},
		{"SwepIntervl", "SweepInterval"},
		{"Output", "Outputs"},
		{"Url", "URL"},
		{"Id", "ID"},
		{"", ""},
		{"Verbose", ""},
		{strings.Repeat("SweepInterval", 1000), ""},
	}
	for _, tt := range tests {
		if got := nearestName(tt.name, known); got != tt.want {
			t.Errorf("nearest(%.40q): got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestKeyLines has what golden files can't show: documents that are strange, but that
// the decoder takes.
func TestKeyLines(t *testing.T) {
	tests := []struct {
		name, doc, key string
		want           int
	}{
		{"entity", "<plist><dict>\n<key>A&amp;B</key><true/></dict></plist>", "A&B", 2},
		{"comment", "<plist><!--\n\n--><dict><key><!-- x\n-->A</key><true/></dict></plist>", "A", 3},
		{"nested", "<plist><dict><key>A</key><array><dict>\n<key>B</key><true/></dict><true/>\n<true/></array></dict></plist>", "A[0].B", 2},
		{"element", "<plist><dict><key>A</key><array><dict>\n<key>B</key><true/></dict><true/>\n<true/></array></dict></plist>", "A[2]", 3},
		{"long key", "<plist><dict><key>" + strings.Repeat("x", 1000) + "</key><dict><key>A</key><true/></dict></dict></plist>", "A", 0},
		{"cut", "<plist><dict>\n<key>A</key><tr", "A", 2},
		{"binary", "bplist00", "", 0},
	}
	for _, tt := range tests {
		if got := keyLines([]byte(tt.doc))[tt.key]; got != tt.want {
			t.Errorf("%s: line of %q: got %d, want %d in %.200q", tt.name, tt.key, got, tt.want, tt.doc)
		}
	}
}

func TestFaults(t *testing.T) {
	a, b, c := errors.New("a"), errors.New("b"), errors.New("c")
	tests := []struct {
		err  error
		want []string
		line string
	}{
		{a, []string{"a"}, "a"},
		{errors.Join(a, errors.Join(b, nil, c)), []string{"a", "b", "c"}, "a (and 2 more: run hooksnare check)"},
		{fmt.Errorf("file: %w", errors.Join(a, b)), []string{"file: a\nb"}, "file: a\nb"},
		{errors.Join(a), []string{"a"}, "a"},
	}
	for _, tt := range tests {
		var got []string
		for _, err := range Faults(tt.err) {
			got = append(got, err.Error())
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %q, want %q", tt.err, got, tt.want)
		}
		if got := Summary(tt.err); got != tt.line {
			t.Errorf("%q: got %q in one line, want %q", tt.err, got, tt.line)
		}
	}
	if got, line := Faults(nil), Summary(nil); got != nil || line != "" {
		t.Errorf("no error: got %q and %q, want none", got, line)
	}
}
