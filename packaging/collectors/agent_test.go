package collectors_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// certificates is where the agent's configurations have their files.
const certificates = "/Library/Application Support/Hooksnare/"

// TestAgentProfiles lets the agent check each configuration that is meant for it.
func TestAgentProfiles(t *testing.T) {
	program := filepath.Join(t.TempDir(), "hooksnare")
	if out, err := exec.Command("go", "build", "-o", program, "../../agent/cmd/hooksnare").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	files, err := filepath.Glob("agent/*.plist")
	if err != nil || len(files) < 6 {
		t.Fatalf("%q, %v", files, err)
	}
	for _, f := range files {
		s := newSite(t)
		if err := os.Mkdir(s.path("certificates"), 0o700); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"ca.pem", "client.pem", "client.key"} {
			s.write(t, "certificates/"+name, read(t, s.path(name)))
		}
		s.write(t, "token", "secret\n")
		conf := s.write(t, "config.plist", strings.ReplaceAll(read(t, f), certificates, s.dir+"/"))
		if out, err := exec.Command(program, "check", "--config", conf).CombinedOutput(); err != nil {
			t.Errorf("hooksnare check --config %s: %v\n%s", f, err, out)
		}
	}
}
