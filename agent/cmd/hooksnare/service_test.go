package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMissingText reads what install says last, by the status that the agent has written.
func TestMissingText(t *testing.T) {
	for _, tt := range []struct {
		name, status, team string
		want, without      []string
	}{
		{"no status", "", "", []string{"Full Disk Access", "not signed"}, nil},
		{"just started", `{"health":{"conditions":[{"state":"starting"}]}}`, "ABCDE12345", []string{"profile fda"}, []string{"not signed", "starting:"}},
		{"a condition", `{"health":{"conditions":[{"state":"no_full_disk_access"}]}}`, "", []string{"no_full_disk_access: System Settings"}, nil},
		{"all well", `{"health":{"sensor":{"last_canary":"2026-01-01T00:00:00Z"}}}`, "ABCDE12345", []string{"doctor"}, []string{"Full Disk Access", "not signed"}},
	} {
		dir := t.TempDir()
		if tt.status != "" {
			if err := os.WriteFile(filepath.Join(dir, "status.json"), []byte(tt.status), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		team = tt.team
		got := missingText(dir)
		team = ""
		for _, word := range tt.want {
			if !strings.Contains(got, word) {
				t.Errorf("%s: got %q, want %q in it", tt.name, got, word)
			}
		}
		for _, word := range tt.without {
			if strings.Contains(got, word) {
				t.Errorf("%s: got %q, want no %q in it", tt.name, got, word)
			}
		}
	}
}

// TestCompletionTexts has a completion for each shell that install writes one for.
func TestCompletionTexts(t *testing.T) {
	texts := completionTexts(newRoot())
	for _, shell := range []string{"bash", "fish", "zsh"} {
		if !strings.Contains(string(texts[shell]), "hooksnare") {
			t.Errorf("%s: got %d bytes, want a completion of hooksnare", shell, len(texts[shell]))
		}
	}
	if len(texts) != 3 {
		t.Errorf("%d completions, want 3", len(texts))
	}
}
