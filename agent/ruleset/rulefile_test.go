package ruleset

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// layRule writes a rule file with an id, a severity and a query.
func layRule(t *testing.T, dir, id, severity, query string) string {
	t.Helper()
	path := filepath.Join(dir, id+".toml")
	text := fmt.Sprintf("[rule]\nrule_id = %q\nname = %q\ndescription = \"d\"\nauthor = [\"a\"]\ntype = \"eql\"\nlanguage = \"eql\"\nseverity = %q\nrisk_score = 50\nquery = '''\n%s\n'''\n",
		id, id, severity, query)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
