package profile

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"howett.net/plist"

	"hooksnare/pkg/shared"
)

const team = "ABCDE12345"

// made is every profile, by name.
func made(t *testing.T, o Options) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for name, write := range map[string]func() ([]byte, error){
		"fda": func() ([]byte, error) { return o.FullDiskAccess(Signer{Team: team}) },
		"fda of a build": func() ([]byte, error) {
			return o.FullDiskAccess(Signer{Hashes: []string{strings.Repeat("Ab", 20), strings.Repeat("01", 20)}})
		},
		"background":      func() ([]byte, error) { return o.BackgroundItem(team) },
		"background, any": func() ([]byte, error) { return o.BackgroundItem("") },
		"settings": func() ([]byte, error) {
			return o.Settings(map[string]any{"SweepInterval": 5.0, "ExtraHomes": []any{"/a & <b>"}})
		},
	} {
		content, err := write()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = content
	}
	return all
}

// TestSchemas checks every profile against Apple's schemas.
func TestSchemas(t *testing.T) {
	checker, schemas := shared.Path(t, "tools", "check_profile.py"), shared.Path(t, "schemas")
	if err := exec.Command("python3", "-c", "import yaml").Run(); err != nil {
		t.Skip("python3 with yaml is not there")
	}
	dir, sets := t.TempDir(), map[string][]string{} // in one set no UUID may be there twice
	for n, o := range []Options{{}, {Organization: `Äpfel & "Birnen" <GmbH>`}} {
		for name, content := range made(t, o) {
			file := filepath.Join(dir, fmt.Sprintf("%d %s.mobileconfig", n, name))
			if err := os.WriteFile(file, content, 0o600); err != nil {
				t.Fatal(err)
			}
			set := map[bool]string{true: "variants", false: "usual"}[strings.Contains(name, " ")]
			sets[set] = append(sets[set], file)
		}
	}
	for set, files := range sets {
		if out, err := exec.Command("python3", append([]string{checker, schemas}, files...)...).CombinedOutput(); err != nil {
			t.Errorf("%s: got %v, want valid profiles\n%s", set, err, out)
		}
	}
}

// TestStable holds that the same input gives the same bytes, and that identifiers are the same for the
// same purpose of the same organization, and differ otherwise.
func TestStable(t *testing.T) {
	pattern := regexp.MustCompile(`[0-9A-F]{8}-[0-9A-F]{4}-5[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}`)
	owner := map[string]string{}
	for _, organization := range []string{"", "One", "Two"} {
		again := made(t, Options{organization})
		for name, content := range made(t, Options{organization}) {
			if !bytes.Equal(content, again[name]) {
				t.Errorf("%s: got %s and %s, want the same bytes", name, content, again[name])
			}
			ids := pattern.FindAllString(string(content), -1)
			if len(ids) != 2 || ids[0] == ids[1] {
				t.Errorf("%s: got UUIDs %q, want two that differ, of version 5", name, ids)
			}
			purpose, _, _ := strings.Cut(name, " of a")
			purpose, _, _ = strings.Cut(purpose, ",")
			for _, id := range ids {
				if first := owner[id]; first != "" && first != organization+"/"+purpose {
					t.Errorf("%s: got the UUID %s of %s", name, id, first)
				}
				owner[id] = organization + "/" + purpose
			}
		}
	}
	// RFC 9562, A.4.
	dns := [16]byte{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}
	want := [16]byte{0x2e, 0xd6, 0x65, 0x7d, 0xe9, 0x27, 0x56, 0x8b, 0x95, 0xe1, 0x26, 0x65, 0xa8, 0xae, 0xa6, 0xa2}
	if got := versionFive(dns, "www.example.com"); got != want {
		t.Errorf("www.example.com: got %x, want %x", got, want)
	}
}

// TestContents reads profiles as a Mac does.
func TestContents(t *testing.T) {
	all := made(t, Options{Organization: "A & <B>"})
	tests := []struct {
		name string
		path []any // to a value of the payload
		want any
	}{
		{"fda", []any{"Services", "SystemPolicyAllFiles", 0, "Identifier"}, "/Library/Application Support/Hooksnare/hooksnare"},
		{"fda", []any{"Services", "SystemPolicyAllFiles", 0, "IdentifierType"}, "path"},
		{"fda", []any{"Services", "SystemPolicyAllFiles", 0, "Allowed"}, true},
		{"fda", []any{"Services", "SystemPolicyAllFiles", 0, "CodeRequirement"}, `identifier "com.hooksnare.agent" and anchor apple generic and certificate 1[field.1.2.840.113635.100.6.2.6] /* exists */ and certificate leaf[field.1.2.840.113635.100.6.1.13] /* exists */ and certificate leaf[subject.OU] = "ABCDE12345"`},
		{"fda of a build", []any{"Services", "SystemPolicyAllFiles", 0, "CodeRequirement"}, `cdhash H"` + strings.Repeat("ab", 20) + `" or cdhash H"` + strings.Repeat("01", 20) + `"`},
		{"fda", []any{"PayloadOrganization"}, "A & <B>"},
		{"background", []any{"Rules", 0, "RuleType"}, "Label"},
		{"background", []any{"Rules", 0, "RuleValue"}, "com.hooksnare.agent"},
		{"background", []any{"Rules", 0, "TeamIdentifier"}, team},
		{"background, any", []any{"Rules", 0, "TeamIdentifier"}, nil},
		{"settings", []any{"PayloadType"}, "com.hooksnare.agent"},
		{"settings", []any{"SweepInterval"}, 5.0},
		{"settings", []any{"ExtraHomes", 0}, "/a & <b>"},
	}
	for _, tt := range tests {
		var top map[string]any
		if _, err := plist.Unmarshal(all[tt.name], &top); err != nil {
			t.Fatal(err)
		}
		got := top["PayloadContent"].([]any)[0]
		for _, step := range tt.path {
			if i, isIndex := step.(int); isIndex {
				got = got.([]any)[i]
			} else {
				got = got.(map[string]any)[step.(string)]
			}
		}
		if got != tt.want {
			t.Errorf("%s, %v: got %#v, want %#v", tt.name, tt.path, got, tt.want)
		}
	}
}

// TestRefused has what no profile is written for.
func TestRefused(t *testing.T) {
	hash := strings.Repeat("a1", 20)
	tests := []struct {
		name string
		make func() ([]byte, error)
		want string
	}{
		{"no signer", func() ([]byte, error) { return Options{}.FullDiskAccess(Signer{}) }, "--cdhash"},
		{"both", func() ([]byte, error) { return Options{}.FullDiskAccess(Signer{team, []string{hash}}) }, "--cdhash: only for"},
		{"team", func() ([]byte, error) { return Options{}.FullDiskAccess(Signer{Team: `A"B or true`}) }, `--team "A\"B or true"`},
		{"short team", func() ([]byte, error) { return Options{}.BackgroundItem("abcde12345") }, "--team"},
		{"hash", func() ([]byte, error) { return Options{}.FullDiskAccess(Signer{Hashes: []string{hash, hash + `"`}}) }, "--cdhash"},
		{"organization", func() ([]byte, error) { return Options{"a\nb"}.BackgroundItem("") }, "--organization"},
		{"not a text", func() ([]byte, error) { return Options{"a\xff"}.BackgroundItem("") }, "--organization"},
		{"long organization", func() ([]byte, error) { return Options{strings.Repeat("a", 257)}.BackgroundItem("") }, "--organization"},
	}
	for _, tt := range tests {
		if content, err := tt.make(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %s, %v, want an error with %q", tt.name, content, err, tt.want)
		}
	}
}
