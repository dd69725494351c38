package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// entry is an exception as it is written.
func entry(id string) map[string]any {
	return map[string]any{"ID": id, "Where": `hooksnare.hook.value == "/` + id + `"`, "Reason": "r"}
}

// TestOwnExceptions reads files of exceptions beside a configuration.
func TestOwnExceptions(t *testing.T) {
	wrong := map[string]any{"ID": "wrong", "Where": " ", "Reason": "r"}
	tests := []struct {
		name string
		file any // nil for none
		conf []any
		ids  string
		err  string
	}{
		{"none", nil, nil, "jamf-framework-scripts", ""},
		{"beside the default", map[string]any{"Exceptions": []any{entry("a"), entry("b")}}, nil, "jamf-framework-scripts a b", ""},
		{"beside others", map[string]any{"Exceptions": []any{entry("a")}}, []any{entry("x")}, "x a", ""},
		{"beside none", map[string]any{"Exceptions": []any{entry("a")}}, []any{}, "a", ""},
		{"empty", map[string]any{"Exceptions": []any{}}, nil, "jamf-framework-scripts", ""},
		{"no list", map[string]any{}, nil, "jamf-framework-scripts", ""},
		{"of an ID that is taken", map[string]any{"Exceptions": []any{entry("x"), entry("a")}}, []any{entry("x")}, "x a", `: Exceptions[0]: the ID "x" is already used by Exceptions[0] of the configuration`},
		{"of the default's ID", map[string]any{"Exceptions": []any{entry("jamf-framework-scripts")}}, nil, "jamf-framework-scripts", `: Exceptions[0]: the ID "jamf-framework-scripts" is already used by the default`},
		{"twice", map[string]any{"Exceptions": []any{entry("a"), entry("a")}}, nil, "jamf-framework-scripts a", `: Exceptions[1]: the ID "a" is already used by Exceptions[0]`},
		{"one wrong", map[string]any{"Exceptions": []any{wrong, entry("a")}}, nil, "jamf-framework-scripts a", `: Exceptions[0].Where: expected an EQL condition`},
		{"an unknown key", map[string]any{"Exceptions": []any{entry("a")}, "RuleDirectories": []any{}}, nil, "jamf-framework-scripts a", `unknown key "RuleDirectories"`},
		{"no array", map[string]any{"Exceptions": "a"}, nil, "jamf-framework-scripts", `: Exceptions: expected an array of dictionaries`},
		{"no dictionary", []any{}, nil, "jamf-framework-scripts", `expected a dictionary`},
	}
	for _, tt := range tests {
		for _, named := range []bool{false, true} { // also beside a file that replaces the others
			root := t.TempDir()
			if err := os.Chmod(root, 0o755); err != nil {
				t.Fatal(err)
			}
			if tt.file != nil {
				xmlFile(t, tt.file, root, ExceptionsFile)
			}
			o := Options{Root: root}
			conf := map[string]any{}
			if tt.conf != nil {
				conf["Exceptions"] = tt.conf
			}
			if path := xmlFile(t, conf, root, LocalFile); named {
				o.File = path
			}
			c, sources, err := Load(o)
			ids := []string{}
			for i := range c.Exceptions {
				x := &c.Exceptions[i]
				ids = append(ids, x.ID)
				p := sources.ProblemOf(x, "Where", "why")
				if inFile := p.File == filepath.Join(root, ExceptionsFile) && p.Line > 0 && p.Key == x.Key+".Where"; inFile != x.Own {
					t.Errorf("%s: %s: got problem %v of own file: %v", tt.name, x.ID, p, x.Own)
				}
			}
			if got := strings.Join(ids, " "); got != tt.ids {
				t.Errorf("%s: got %q, want %q", tt.name, got, tt.ids)
			}
			if (err == nil) != (tt.err == "") || err != nil && (!strings.Contains(err.Error(), tt.err) || !strings.HasPrefix(err.Error(), filepath.Join(root, ExceptionsFile)+":") || strings.Contains(err.Error(), "\n")) {
				t.Errorf("%s: got %v, want one error of the file: %s", tt.name, err, tt.err)
			}
		}
	}
}

// TestOwnInsecure has files that others could have written.
func TestOwnInsecure(t *testing.T) {
	tests := []struct {
		name string
		lay  func(root string) error
		want string
	}{
		{"writable file", func(root string) error { return os.Chmod(filepath.Join(root, ExceptionsFile), 0o664) }, "others can write it (mode 0664): run chmod go-w"},
		{"writable folder", func(root string) error { return os.Chmod(filepath.Join(root, "Library"), 0o777) }, "/Library: others can write this folder (mode 0777): run chmod go-w "},
		{"of another user", func(root string) error { return os.Chown(filepath.Join(root, ExceptionsFile), 501, 20) }, "owned by user 501: run chown"},
		{"folder of another user", func(root string) error {
			return os.Chown(filepath.Dir(filepath.Join(root, ExceptionsFile)), 501, 20)
		}, "/Library/Application Support/Hooksnare: owned by user 501: run chown"},
		{"a link", func(root string) error {
			path := filepath.Join(root, ExceptionsFile)
			return errors.Join(os.Rename(path, path+"2"), os.Symlink(path+"2", path))
		}, "not a regular file"},
	}
	for _, tt := range tests {
		root := t.TempDir()
		if err := os.Chmod(root, 0o755); err != nil {
			t.Fatal(err)
		}
		xmlFile(t, map[string]any{"Exceptions": []any{entry("a")}}, root, ExceptionsFile)
		if err := tt.lay(root); errors.Is(err, os.ErrPermission) {
			continue // only root can give files away
		} else if err != nil {
			t.Fatal(err)
		}
		list, err := OwnExceptions(root, nil)
		if len(list) != 0 || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, %v; want nothing and %s", tt.name, list, err, tt.want)
		}
		if _, err := ReadOwnFile(root); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: to be changed: got %v, want %s", tt.name, err, tt.want)
		}
	}
}
