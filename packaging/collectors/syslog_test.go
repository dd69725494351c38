package collectors_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	rsyslogd     = "/usr/sbin/rsyslogd"
	ourDocuments = "/var/log/hooksnare/documents.ndjson"
)

// placeRsyslog puts the configuration into the site and asks rsyslog what it thinks of it.
func placeRsyslog(t *testing.T, s *site, file, port, include string) string {
	t.Helper()
	conf := s.place(t, file, `port="`+port+`"`, `address="127.0.0.1" port="`+s.port+`"`, ourDocuments, s.path("documents"), "/etc/rsyslog.d/hooksnare/*.inc", include)
	text := strings.Replace(read(t, conf), "# module(load=", "module(load=", 1)
	if !strings.HasSuffix(include, "kafka.inc") {
		text = read(t, conf)
	}
	conf = s.write(t, "rsyslog.conf", fmt.Sprintf("global(workDirectory=%q)\n", s.dir)+text)
	if out, err := exec.Command(rsyslogd, "-N1", "-f", conf).CombinedOutput(); err != nil || strings.Contains(string(out), "error") {
		t.Fatalf("rsyslogd -N1 -f %s: %v\n%s", file, err, out)
	}
	return conf
}

func (s *site) rsyslog(t *testing.T, conf string) {
	t.Helper()
	s.start(t, exec.Command(rsyslogd, "-n", "-f", conf, "-i", s.path("pid")))
}

func TestRsyslogRELP(t *testing.T) {
	need(t, "rsyslog", rsyslogd)
	need(t, "rsyslog's imrelp", "/usr/lib/*/rsyslog/imrelp.so")
	s := newSite(t)
	s.rsyslog(t, placeRsyslog(t, s, "rsyslog/relp.conf", "20514", s.path("none/*.inc")))
	conn := s.dial(t)
	answers := bufio.NewReader(conn)
	for i, c := range []struct{ command, data string }{
		{"open", "relp_version=0\nrelp_software=test\ncommands=syslog"}, {"syslog", syslogMessage()},
	} {
		fmt.Fprintf(conn, "%d %s %d %s\n", i+1, c.command, len(c.data), c.data)
		answer, err := answers.ReadString('\n')
		if err != nil || !strings.HasPrefix(answer, fmt.Sprintf("%d rsp ", i+1)) || !strings.Contains(answer, "200 OK") {
			t.Fatalf("%s: got %q, %v; want 200 OK", c.command, answer, err)
		}
		for answers.Buffered() > 0 { // offers, on lines of their own
			if _, err := answers.ReadByte(); err != nil {
				t.Fatal(err)
			}
		}
	}
	// It was acknowledged: it has to be there already.
	if got := read(t, s.path("documents")); got != document+"\n" {
		t.Errorf("after the acknowledgement the file holds %q, want %q", got, document+"\n")
	}
	s.refusesStrangers(t)
}

func TestRsyslogTLS(t *testing.T) {
	need(t, "rsyslog", rsyslogd)
	need(t, "rsyslog's lmnsd_ossl", "/usr/lib/*/rsyslog/lmnsd_ossl.so")
	s := newSite(t)
	s.rsyslog(t, placeRsyslog(t, s, "rsyslog/syslog-tls.conf", "6514", s.path("none/*.inc")))
	fmt.Fprintf(s.dial(t), "%d %s", len(syslogMessage()), syslogMessage())
	s.arrives(t, s.path("documents"))
	s.refusesStrangers(t)
}

// TestRsyslogKafka asks rsyslog what it thinks of the part for Kafka; there is no Kafka here.
func TestRsyslogKafka(t *testing.T) {
	need(t, "rsyslog", rsyslogd)
	need(t, "rsyslog's omkafka: package rsyslog-kafka", "/usr/lib/*/rsyslog/omkafka.so")
	s := newSite(t)
	for _, file := range []string{"rsyslog/relp.conf", "rsyslog/syslog-tls.conf"} {
		port := map[string]string{"rsyslog/relp.conf": "20514", "rsyslog/syslog-tls.conf": "6514"}[file]
		placeRsyslog(t, s, file, port, s.place(t, "rsyslog/kafka.inc"))
	}
}

func TestSyslogNG(t *testing.T) {
	root := filepath.Join(cache(), "syslog-ng")
	daemon := need(t, "syslog-ng", filepath.Join(root, "usr/sbin/syslog-ng"))
	s := newSite(t)
	conf := s.place(t, "syslog-ng/syslog-ng.conf", `ip("0.0.0.0") port(6514)`, `ip("127.0.0.1") port(`+s.port+`)`, ourDocuments, s.path("documents"))
	command := func(args ...string) *exec.Cmd {
		cmd := exec.Command(daemon, append(args, "--no-caps", "-f", conf, "--module-path", join(root, "usr/lib/syslog-ng/[0-9]*"),
			"-R", s.path("persist"), "-p", s.path("pid"), "-c", s.path("ctl"))...)
		cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+join(root, "usr/lib/*-linux-gnu", "lib/*-linux-gnu", "usr/lib/syslog-ng"))
		cmd.Dir = s.dir
		return cmd
	}
	if out, err := command("--syntax-only").CombinedOutput(); err != nil || strings.Contains(string(out), "WARNING") {
		t.Fatalf("syslog-ng --syntax-only: %v\n%s", err, out)
	}
	s.start(t, command("-F", "-e"))
	fmt.Fprintf(s.dial(t), "%d %s", len(syslogMessage()), syslogMessage())
	s.arrives(t, s.path("documents"))
	s.refusesStrangers(t)
}

func join(root string, patterns ...string) string {
	var all []string
	for _, p := range patterns {
		found, _ := filepath.Glob(filepath.Join(root, p))
		all = append(all, found...)
	}
	return strings.Join(all, ":")
}
