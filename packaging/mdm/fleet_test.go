package mdm_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"hooksnare/agent/config"
	"hooksnare/packaging/launchd"
)

// runPolicies runs the policies on tables that have osquery's columns, and prints which pass.
const runPolicies = `
import json, sqlite3, sys, yaml
given = json.load(sys.stdin)
db = sqlite3.connect(":memory:")
db.execute("CREATE TABLE file (path TEXT, uid BIGINT, gid BIGINT, mode TEXT, size BIGINT, mtime BIGINT, type TEXT)")
db.execute("CREATE TABLE processes (pid BIGINT, name TEXT, path TEXT, uid BIGINT, euid BIGINT)")
db.execute("CREATE TABLE time (unix_time BIGINT)")
db.execute("INSERT INTO time VALUES (1000)")
db.executemany("INSERT INTO file (path, uid, mtime) VALUES (?, ?, ?)", given["files"])
db.executemany("INSERT INTO processes (path, euid) VALUES (?, ?)", given["processes"])
policies = yaml.safe_load(open("fleet/hooksnare.policies.yml"))
members = {"name", "description", "resolution", "platform", "critical", "query"}
for p in policies:
    assert set(p) == members and p["platform"] == "darwin", p
print(json.dumps([len(db.execute(p["query"]).fetchall()) > 0 for p in policies]))
`

// TestFleetPolicies runs the queries in SQLite, whose SQL osquery takes, on made-up tables: osquery itself is
// not here.
func TestFleetPolicies(t *testing.T) {
	if out, err := exec.Command("python3", "-c", "import yaml, sqlite3").CombinedOutput(); err != nil {
		t.Skipf("needs python3 with yaml and sqlite3: %v %s", err, out)
	}
	type row []any
	const job, program = launchd.File, launchd.Program
	state := "/private" + config.Default().StateDir + "/status.json"
	inPlace := row{program, 0, 0}
	for _, tt := range []struct {
		name      string
		files     []row
		processes []row
		want      string
	}{
		{"well", []row{inPlace, {job, 0, 0}, {state, 0, 950}}, []row{{"/bin/sh", 501}, {program, 0}}, "[true, true, true]"},
		{"nothing", []row{}, []row{}, "[false, false, false]"},
		{"ended and left its state", []row{inPlace, {job, 0, 0}, {state, 0, 600}}, []row{}, "[true, false, false]"},
		{"hangs", []row{inPlace, {job, 0, 0}, {state, 0, 699}}, []row{{program, 0}}, "[true, true, false]"},
		{"run by a user", []row{inPlace, {job, 0, 0}, {state, 0, 950}}, []row{{program, 501}}, "[true, false, true]"},
		{"program of a user", []row{{program, 501, 0}, {job, 0, 0}}, []row{}, "[false, false, false]"},
	} {
		given, err := json.Marshal(map[string]any{"files": tt.files, "processes": tt.processes})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("python3", "-c", runPolicies)
		cmd.Stdin = strings.NewReader(string(given))
		out, err := cmd.CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != tt.want {
			t.Errorf("%s: got %s, %v, want %s of %s", tt.name, got, err, tt.want, given)
		}
	}
}
