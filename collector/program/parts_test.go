package program

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/pkg/event"
)

func TestMentions(t *testing.T) {
	for _, tt := range []struct {
		text string
		want string
	}{
		{"", ""},
		{"/a /b/c", "/a /b/c"},
		{`"/a b/c" '/d e' /f\ g`, "/a b/c|/d e|/f g"},
		{"-f/x --file=/y DIR=/z user@/u a/b", "/x /y /z"},
		{"for f in /hooks/*; do \"$f\"; done", "/hooks+"},
		{`for f in "/Library/Login Scripts"/*.sh; do . "$f"; done`, "/Library/Login Scripts+"},
		{`-c 'for f in /hooks/*; do "$f" /x; done'`, "/hooks+|/x"},
		{`-c "sh -c 'cat /a/b' > /c"`, "/a/b|/c"},
		{"/hooks/$1.sh /hooks/${x} $D/x", "/hooks+|/hooks+"},
		{"#!/bin/sh\n# /no\n/yes # /neither\n", "/yes"},
		{"x=#/a", ""},
		{"(/a;/b|/c&/d)>/e", "/a /b /c /d /e"},
		{"http://host/x //x", ""},
		{"/ /. /* /../a", "/a"},
		{"find /hooks -type f -exec {} ;", "/hooks"},
		{"'/open", "/open"},
		{"\\", ""},
	} {
		var got []string
		for _, m := range mentionsIn(tt.text, 0) {
			if m.open {
				m.path += "+"
			}
			got = append(got, m.path)
		}
		sep := " "
		if strings.Contains(tt.want, "|") {
			sep = "|"
		}
		if s := strings.Join(got, sep); s != tt.want {
			t.Errorf("mentionsIn(%q): got %q, want %q", tt.text, s, tt.want)
		}
	}
}

func FuzzMentions(f *testing.F) {
	for _, s := range []string{"", `-c 'for f in /hooks/*; do "$f"; done'`, strings.Repeat(`"'`, 50), "#\n/x", "\x00/\xff*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, m := range mentionsIn(s, 0) {
			if !strings.HasPrefix(m.path, "/") || m.path == "/" || m.path != filepath.Clean(m.path) || len(m.path) > event.MaxPath {
				t.Errorf("mentionsIn(%q): got %q", s, m.path)
			}
		}
	})
}

// partsDisk is a disk on which hooks run other files.
func partsDisk(t testing.TB) string {
	root := t.TempDir()
	must(t, os.Chmod(root, 0o755))
	for name, text := range map[string]string{
		"bin/sh": "\x00sh", "usr/bin/make": "\x00make", "usr/bin/find": "\x00find", "opt/tool": "\xcf\xfa\xed\xfe\x00",
		"opt/x.sh": "#!/bin/sh\necho /etc/hosts\n", "opt/x y.sh": "#!/bin/sh\n", "opt/plain.txt": "text\n", "opt/Makefile": "all:\n",
		"hooks.d/10-a": "#!/bin/sh\n", "hooks.d/20-b": "#!/bin/sh\n", "etc/hosts": "localhost\n",
		"opt/folder.sh": "#!/bin/sh\nfor f in /hooks.d/*; do \"$f\" \"$1\"; done\n",
		"opt/vars.sh":   "#!/bin/sh\nD='/hooks.d'\nfor f in \"$D\"/*; do \"$f\"; done\n",
		"opt/parts.sh":  "#!/bin/sh\nrun-parts /hooks.d\n",
		"opt/find.sh":   "#!/bin/sh\nfind /hooks.d -type f -exec {} \\;\n",
		"opt/calls.sh":  "#!/bin/sh\n/opt/x.sh \"$1\"\n/opt/tool -x >> /opt/plain.txt\n",
		"opt/clean.sh":  "#!/bin/sh\nrm -rf /hooks.d/* \"$1\"\nls /hooks.d\nX=$1\nif [ -x \"$X\" ]; then echo $X; fi\n",
		"opt/users.sh":  "#!/bin/sh\nfor f in /Users/eve/hooks/* /tmp/x/*; do \"$f\"; done\n/Users/eve/x.sh\n",
		"opt/none.sh":   "#!/bin/sh\ncat /etc/hosts /hooks.d\n",
	} {
		mode := os.FileMode(0o755)
		if strings.HasSuffix(name, "s") && !strings.Contains(name, ".sh") || strings.HasSuffix(name, ".txt") || name == "opt/Makefile" {
			mode = 0o644
		}
		put(t, filepath.Join(root, name), text, mode)
	}
	return root
}

// partNames are the paths of a program's parts.
func partNames(p *event.Program) string {
	var out []string
	for _, part := range p.Parts {
		name := part.Path
		if !part.Exists {
			name += "?"
		}
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

// TestParts says which files are part of a hook, which are not watched, and whether what runs is
// what the arguments say.
func TestParts(t *testing.T) {
	root := partsDisk(t)
	for _, tt := range []struct {
		value, parts, unwatched string
		runs                    bool
	}{
		{"/opt/x.sh", "", "", false},
		{"/bin/sh /opt/x.sh", "/opt/x.sh", "", false},
		{"/bin/sh /opt/x.sh -v", "/opt/x.sh", "", false},
		{`/bin/sh "/opt/x y.sh"`, "/opt/x y.sh", "", false},
		{"/bin/sh /opt/x y.sh", "/opt/x y.sh", "", false},
		{"/bin/sh /opt/later.sh", "/opt/later.sh?", "", true},
		{"/bin/sh -c /opt/x.sh", "/opt/x.sh", "", true},
		{"/bin/sh /opt/tool", "/opt/tool", "", true},
		{"/bin/sh x.sh", "", "", true},
		{"/bin/sh /opt/folder.sh", "/hooks.d /hooks.d/10-a /hooks.d/20-b /opt/folder.sh", "", false},
		{`/bin/sh -c 'for f in /hooks.d/*; do "$f"; done'`, "/hooks.d /hooks.d/10-a /hooks.d/20-b", "", true},
		{"/usr/bin/make -f /opt/Makefile", "/opt/Makefile", "", true},
		{"/usr/bin/find /hooks.d -exec {} ;", "/hooks.d /hooks.d/10-a /hooks.d/20-b", "", true},
		{"/opt/folder.sh", "/hooks.d /hooks.d/10-a /hooks.d/20-b", "", false},
		{"/opt/vars.sh", "/hooks.d /hooks.d/10-a /hooks.d/20-b", "", false},
		{"/opt/parts.sh", "/hooks.d /hooks.d/10-a /hooks.d/20-b", "", false},
		{"/opt/find.sh", "/hooks.d /hooks.d/10-a /hooks.d/20-b", "", false},
		{"/opt/calls.sh", "/opt/x.sh", "/opt/tool", false},
		{"/opt/none.sh", "", "", false},
		{"/opt/clean.sh", "", "", false},
		{"/opt/users.sh", "", "/Users/eve/hooks /Users/eve/x.sh /tmp/x", false},
		{"/bin/sh /Users/eve/x.sh", "/Users/eve/x.sh?", "", true},
		{"/opt/tool /opt/plain.txt", "", "", false},
		{"/opt/tool /opt/x.sh", "/opt/x.sh", "", false},
		{"/opt/gone /opt/x.sh", "", "", false},
	} {
		p := Examine(root, tt.value)
		runs := slices.Contains(p.Risks, RunsArguments)
		if got := partNames(&p); got != tt.parts || strings.Join(p.Unwatched, " ") != tt.unwatched || runs != tt.runs {
			t.Errorf("Examine(%q): got parts %q, not watched %q, runs arguments %v,\nwant %q, %q, %v", tt.value, got, p.Unwatched, runs, tt.parts, tt.unwatched, tt.runs)
		}
	}
}

// TestRunsEach says of scripts whether they run what is in a folder.
func TestRunsEach(t *testing.T) {
	for text, want := range map[string]bool{
		`for f in /h/*; do "$f"; done`: true, `for f in /h/*; do [ -x "$f" ] && "$f"; done`: true, "for f in /h/*\ndo\n\tsh \"$f\" $1\ndone": true,
		`for f in /h/*; do . "$f"; done`: true, `for f in $(ls /h); do "/h/$f"; done`: true, `for f in /h/*.sh; do bash -x $f & done`: true,
		`ls /h | while read f; do (${f}); done`: true, "run-parts /h": true, "find /h -type f -exec {} \\;": true, "ls /h | xargs -n1 sh": true,
		"import os\nfor f in os.listdir('/h'): os.system(f)": true, `for f in /h/*; do nohup "$f" & done`: true, `source "$D/all.sh"`: true,
		"rm -rf /h/*": false, `for f in /h/*; do rm "$f"; done`: false, `for f in /h/*; do echo $f; done`: false, "X=$1": false, `chown root "$1"`: false, `[ -d "$1" ] || exit`: false,
		"for u in /Users/*; do killall -u $u Dock; done": false, "ls /h": false, "": false,
	} {
		if got := runsEach.MatchString(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// TestPartsAreWatched changes what hooks run beside their program.
func TestPartsAreWatched(t *testing.T) {
	for _, tt := range []struct {
		value string
		does  func(at func(string) string)
		want  string
	}{
		{"/bin/sh /opt/x.sh", func(at func(string) string) { put(t, at("opt/x.sh"), "#!/bin/sh\nevil\n", 0o755) }, "parts"},
		{"/bin/sh /opt/x.sh", func(at func(string) string) { must(t, os.Remove(at("opt/x.sh"))) }, "parts"},
		{"/bin/sh /opt/later.sh", func(at func(string) string) { put(t, at("opt/later.sh"), "evil", 0o644) }, "parts"},
		{"/usr/bin/make -f /opt/Makefile", func(at func(string) string) { put(t, at("opt/Makefile"), "all: evil\n", 0o644) }, "parts"},
		{"/opt/folder.sh", func(at func(string) string) { put(t, at("hooks.d/15-evil"), "#!/bin/sh\n", 0o755) }, "parts"},
		{"/opt/folder.sh", func(at func(string) string) { put(t, at("hooks.d/20-b"), "#!/bin/sh\nevil\n", 0o755) }, "parts"},
		{"/opt/folder.sh", func(at func(string) string) { must(t, os.Remove(at("hooks.d/10-a"))) }, "parts"},
		{"/opt/folder.sh", func(at func(string) string) { must(t, os.RemoveAll(at("hooks.d"))) }, "parts"},
		{"/opt/folder.sh", func(at func(string) string) { must(t, os.Chmod(at("hooks.d"), 0o777)) }, "parts+writable"},
		{"/opt/calls.sh", func(at func(string) string) { put(t, at("opt/x.sh"), "#!/bin/sh\nevil\n", 0o755) }, "parts"},
		{"/opt/calls.sh", func(at func(string) string) { put(t, at("opt/tool"), "\xcf\xfa\xed\xfe\x00\x01", 0o755) }, ""},
		{"/opt/calls.sh", func(at func(string) string) { put(t, at("opt/plain.txt"), "a line more\n", 0o644) }, ""},
		{"/opt/tool /opt/plain.txt", func(at func(string) string) { put(t, at("opt/plain.txt"), "a line more\n", 0o644) }, ""},
		{"/opt/none.sh", func(at func(string) string) { put(t, at("hooks.d/15-x"), "#!/bin/sh\n", 0o755) }, ""},
	} {
		root := partsDisk(t)
		s := newSweeper(root, State{})
		s.Sweep([]string{tt.value}, time.Now())
		tt.does(func(name string) string { return filepath.Join(root, name) })
		var got []string
		for _, ch := range s.Sweep([]string{tt.value}, time.Now()) {
			got = append(got, strings.Join(ch.What, "+"))
		}
		if strings.Join(got, ", ") != tt.want {
			t.Errorf("%q: got %q, want %q", tt.value, got, tt.want)
		}
		var state State
		b, err := json.Marshal(s.State())
		must(t, err)
		must(t, json.Unmarshal(b, &state))
		if again := newSweeper(root, state).Sweep([]string{tt.value}, time.Now()); len(again) > 0 {
			t.Errorf("%q, after a start: got %q, want nothing", tt.value, again[0].What)
		}
	}
}

// TestInterpretedScript has the script that an interpreter is given shown and kept, unless nobody may run it.
func TestInterpretedScript(t *testing.T) {
	root := partsDisk(t)
	must(t, os.WriteFile(filepath.Join(root, "opt/secret"), []byte("#!/bin/sh\nsecret\n"), 0o600))
	for value, want := range map[string]string{
		"/bin/sh /opt/x.sh -v": "/opt/x.sh", "/opt/x.sh": "/opt/x.sh", "/bin/sh /opt/secret": "/bin/sh", "/usr/bin/make -f /opt/Makefile": "/usr/bin/make",
	} {
		v := examineFor(root, value, patience)
		text, _ := os.ReadFile(filepath.Join(root, want))
		if v.Script.Kind != Script {
			text = nil
		}
		if v.Script.Path != want || string(v.Content) != string(text) || v.Program.Excerpt != string(text) {
			t.Errorf("%q: got %q of %s, excerpt %q; want %q of %s", value, v.Content, v.Script.Path, v.Program.Excerpt, text, want)
		}
	}
}

// TestPartsNobodyLookedAt has a state that knows of no parts: what is there now is taken as it is.
func TestPartsNobodyLookedAt(t *testing.T) {
	root := partsDisk(t)
	const value = "/bin/sh /opt/x.sh"
	s := newSweeper(root, State{})
	s.Sweep([]string{value}, time.Now())
	older := s.State()
	older[Root][0].Program.Parts = nil
	if got := newSweeper(root, older).Sweep([]string{value}, time.Now()); len(got) > 0 {
		t.Errorf("got %q, want nothing", got[0].What)
	}
}

// TestPartsAreBounded puts more files into a folder than a share has room for.
func TestPartsAreBounded(t *testing.T) {
	root := partsDisk(t)
	for i := range reservedLimits.parts + 1 {
		put(t, filepath.Join(root, fmt.Sprintf("hooks.d/%03d", i)), "#!/bin/sh\n", 0o755)
		for owner, l := range map[string]limits{Root: reservedLimits, "/Users/ann": userLimits} {
			v := NewExaminer(root, nil).Examine(owner, "/opt/folder.sh", time.Minute)
			over, got := slices.Contains(v.Program.Risks, TooManyParts), len(v.Program.Parts)
			if want := i+4 > l.parts; over != want || got > l.parts {
				t.Fatalf("%s, %d files: got %d parts, too many %v; want at most %d, %v", owner, i+3, got, over, l.parts, want)
			}
		}
	}
	if most := 5 * userLimits.parts; len(examine(root, "/opt/folder.sh", allowance{time.Now().Add(time.Minute), maxHash, maxHash, userLimits.parts}).seen) > most {
		t.Errorf("a sweep looks at more than %d elements", most)
	}
}

// TestPartsAreReadInTime has an examination end in time on a folder of many large files.
func TestPartsAreReadInTime(t *testing.T) {
	root := partsDisk(t)
	for i := range 8 {
		put(t, filepath.Join(root, fmt.Sprintf("hooks.d/%03d", i)), strings.Repeat("x", maxPart+1), 0o755)
	}
	v := examine(root, "/opt/folder.sh", allowance{time.Now().Add(time.Minute), 8 << 20, maxHash, reservedLimits.parts})
	for _, p := range v.Program.Parts {
		if large := p.Size > maxPart; p.Type == "file" && p.Hashed == large {
			t.Errorf("%s: %d bytes: hashed %v, want %v", p.Path, p.Size, p.Hashed, !large)
		}
	}
	if v = examine(root, "/opt/folder.sh", allowance{time.Now().Add(-time.Second), 1 << 20, maxHash, reservedLimits.parts}); !v.unsure {
		t.Error("an examination that ran out of time is taken for whole")
	}
}
