package receivers

import (
	"io"
	"net"
	"testing"
)

// TestToxiproxy lets a connection through, cuts it off and lets one through again.
func TestToxiproxy(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	link := StartToxiproxy(t).Link(t, l.Addr().String())
	through := func() bool {
		c, err := net.Dial("tcp", link.Address)
		if err != nil {
			return false
		}
		defer c.Close()
		if _, err := io.WriteString(c, "x"); err != nil {
			return false
		}
		n, _ := c.Read(make([]byte, 1))
		return n == 1
	}
	for _, on := range []bool{true, false, true} {
		link.Enable(t, on)
		if got := through(); got != on {
			t.Errorf("enabled %v: got %v", on, got)
		}
	}
	link.Toxic(t, "reset_peer", "upstream", map[string]int{"timeout": 0})
	if through() {
		t.Error("went through a reset")
	}
	link.Heal(t, "reset_peer", "upstream")
	if !through() {
		t.Error("does not go through after healing")
	}
}

// TestRestart starts every receiver, and again at the same address.
func TestRestart(t *testing.T) {
	for name, start := range map[string]func(testing.TB, Options) *Receiver{
		"rsyslog": StartRsyslogTLS, "rsyslog_relp": StartRsyslogRELP, "syslog_ng": StartSyslogNGTLS,
		"collector": func(t testing.TB, o Options) *Receiver { return StartCollector(t, o).Receiver },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, Options{})
			pid := r.process.Process.Pid
			r.Stop(t)
			if c, err := net.Dial("tcp", r.Address); err == nil {
				c.Close()
				t.Error("still listens")
			}
			r.Start(t)
			if r.process.Process.Pid == pid {
				t.Error("is the same process")
			}
		})
	}
}
