//go:build !darwin

package syslog

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func listen(t *testing.T, path string) net.PacketConn {
	t.Helper()
	c, err := net.ListenPacket("unixgram", path)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func receive(t *testing.T, c net.PacketConn) string {
	t.Helper()
	buf := make([]byte, 4096)
	n, _, err := c.ReadFrom(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

func TestSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	dial := func(tag string) (connection, error) { return dialSocket("unixgram", path, tag) }
	if _, err := openWith("hooksnare", dial); err == nil {
		t.Fatal("Open without a daemon: no error")
	}
	daemon := listen(t, path)
	w, err := openWith("hooksnare", dial)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()

	// The priority is facility daemon (3) times eight and the severity.
	tests := []struct {
		sev     Severity
		message string
		want    string
	}{
		{Low, "agent started", `^<29>.* hooksnare\[\d+\]: low: agent started\n$`},
		{Medium, "hook set", `^<28>.* hooksnare\[\d+\]: medium: hook set\n$`},
		{High, "a\nb\x00c %s", `^<27>.* hooksnare\[\d+\]: high: a\\nb\\x00c %s\n$`},
		{Critical, strings.Repeat("x", 5000), `^<26>.* hooksnare\[\d+\]: critical: x{886}…\n$`},
	}
	for _, tt := range tests {
		if err := w.Write(tt.sev, tt.message); err != nil {
			t.Fatalf("Write(%v, %.40q): %v", tt.sev, tt.message, err)
		}
		if got := receive(t, daemon); !regexp.MustCompile(tt.want).MatchString(got) {
			t.Errorf("Write(%v, %.40q)\n sent %q\nwant match of %s", tt.sev, tt.message, got, tt.want)
		}
	}

	daemon.Close()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(High, "nobody listens"); err == nil {
		t.Error("write without a daemon: no error")
	}
	daemon = listen(t, path)
	if err := w.Write(High, "back again"); err != nil {
		t.Fatalf("write to the new daemon: %v", err)
	}
	if got := receive(t, daemon); !strings.HasSuffix(got, "high: back again\n") {
		t.Errorf("the new daemon got %q", got)
	}
}
