package forward

import (
	"flag"
	"os"
	"testing"
)

// TestMain has more parallel tests run than there are processors: they mostly wait for receivers.
func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "8")
	os.Exit(m.Run())
}
