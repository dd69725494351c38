package receivers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// MaxMessage is the longest message that receivers take here, in bytes. What they take by
// themselves (rsyslog 8 KiB, 200,000 in a frame; syslog-ng 64 KiB) is less than an alert
// may have, and rsyslog cuts what is longer without saying so.
const MaxMessage = 1 << 20

// Message is a message as the receiver understood it.
type Message struct {
	Raw        string `json:"raw"` // as it came
	Priority   string `json:"priority"`
	Time       string `json:"time"`
	Host       string `json:"host"`
	Program    string `json:"program"`
	ID         string `json:"msgid"`
	Structured string `json:"structured"`
	Text       string `json:"text"`
}

// Options change what a receiver is started with.
type Options struct {
	PKI    *PKI   // of a receiver started before; a new one when nil
	Server *Pair  // certificate to show instead of PKI.Server
	Driver string // TLS library of rsyslog: ossl (as is) or gtls
}

func (o *Options) fill(t testing.TB) {
	t.Helper()
	if o.PKI == nil {
		o.PKI = NewPKI(t)
	}
	if o.Server == nil {
		o.Server = &o.PKI.Server
	}
	if o.Driver == "" {
		o.Driver = "ossl"
	}
}

// StartRsyslogTLS starts rsyslog for syslog over TLS (RFC 5425), with certificates on
// both sides.
func StartRsyslogTLS(t testing.TB, o Options) *Receiver {
	t.Helper()
	o.fill(t)
	return startRsyslog(t, o, "lmnsd_"+o.Driver+".so", "imtcp.so", fmt.Sprintf(`
global(defaultNetstreamDriverCAFile=%q defaultNetstreamDriverCertFile=%q defaultNetstreamDriverKeyFile=%q)
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="store" maxFrameSize="%d"
  streamDriver.name=%q streamDriver.mode="1" streamDriver.authMode="x509/name" permittedPeer=[%q])
`, o.PKI.CAFile, o.Server.CertificateFile, o.Server.KeyFile, MaxMessage, o.Driver, ClientName))
}

// StartRsyslogRELP starts rsyslog for RELP over TLS, with certificates on both sides.
func StartRsyslogRELP(t testing.TB, o Options) *Receiver {
	t.Helper()
	o.fill(t)
	return startRsyslog(t, o, "imrelp.so", "imrelp.so", fmt.Sprintf(`
module(load="imrelp" tls.tlsLib="openssl" ruleset="store")
input(type="imrelp" address="127.0.0.1" port="{port}" maxDataSize="%d" keepAlive="on"
  tls="on" tls.caCert=%q tls.myCert=%q tls.myPrivKey=%q tls.authMode="name" tls.permittedPeer=[%q])
`, MaxMessage, o.PKI.CAFile, o.Server.CertificateFile, o.Server.KeyFile, ClientName))
}

// rsyslogStore writes each message down before the next one is taken, so that what RELP
// acknowledged is in the file: with the queue in memory that rsyslog has otherwise, kill
// -9 loses acknowledged messages.
const rsyslogStore = `
global(workDirectory="{dir}" maxMessageSize="{max}" processInternalMessages="off")
main_queue(queue.type="Direct")
template(name="store" type="list" option.jsonf="on") {
  property(outname="raw" name="rawmsg" format="jsonf")
  property(outname="priority" name="pri" format="jsonf")
  property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="program" name="app-name" format="jsonf")
  property(outname="msgid" name="msgid" format="jsonf")
  property(outname="structured" name="structured-data" format="jsonf")
  property(outname="text" name="msg" format="jsonf")
}
ruleset(name="store" queue.type="Direct") {
  action(type="omfile" file="{output}" template="store" asyncWriting="off" flushOnTXEnd="on")
}
`

func startRsyslog(t testing.TB, o Options, module, input, text string) *Receiver {
	t.Helper()
	daemon := program(t, "rsyslog", "/usr/sbin/rsyslogd")
	for _, m := range []string{module, input} {
		if found, _ := filepath.Glob("/usr/lib/*/rsyslog/" + m); len(found) == 0 {
			missing(t, "rsyslog's "+m)
		}
	}
	dir, port := t.TempDir(), freePort(t)
	r := &Receiver{Address: address(port), PKI: o.PKI, name: "rsyslog", output: filepath.Join(dir, "messages")}
	conf := filepath.Join(dir, "rsyslog.conf")
	writeFile(t, conf, strings.NewReplacer("{dir}", dir, "{port}", fmt.Sprint(port), "{output}", r.output, "{max}", fmt.Sprint(MaxMessage)).Replace(rsyslogStore+text))
	r.pidFile = filepath.Join(dir, "pid")
	r.command = func() *exec.Cmd {
		return exec.Command(daemon, "-n", "-f", conf, "-i", r.pidFile)
	}
	r.run(t)
	return r
}

const syslogNGConf = `@version: 3.38
options { log-msg-size({max}); keep-hostname(yes); keep-timestamp(yes); use-dns(no); stats-freq(0); flush-lines(1); ts-format(iso); frac-digits(6); };
source s {
  syslog(ip("127.0.0.1") port({port}) transport("tls") flags(store-raw-message) log-iw-size(1000)
    tls(ca-file("{ca}") cert-file("{cert}") key-file("{key}") peer-verify(required-trusted)));
};
destination d {
  file("{output}" template("$(format-json raw=${RAWMSG} priority=${PRI} time=${S_ISODATE} host=${HOST} program=${PROGRAM} msgid=${MSGID} structured=${SDATA} text=${MSG})\n"));
};
log { source(s); destination(d); flags(flow-control); };
`

// StartSyslogNGTLS starts syslog-ng for syslog over TLS (RFC 5425), with certificates on
// both sides.
func StartSyslogNGTLS(t testing.TB, o Options) *Receiver {
	t.Helper()
	o.fill(t)
	root := filepath.Join(Cache(), "syslog-ng")
	daemon := program(t, "syslog-ng", filepath.Join(root, "usr/sbin/syslog-ng"))
	libraries := glob(root, "usr/lib/*-linux-gnu", "lib/*-linux-gnu", "usr/lib/syslog-ng")
	modules := glob(root, "usr/lib/syslog-ng/[0-9]*")
	dir, port := t.TempDir(), freePort(t)
	r := &Receiver{Address: address(port), PKI: o.PKI, name: "syslog-ng", output: filepath.Join(dir, "messages")}
	conf := filepath.Join(dir, "syslog-ng.conf")
	writeFile(t, conf, strings.NewReplacer("{port}", fmt.Sprint(port), "{output}", r.output, "{max}", fmt.Sprint(MaxMessage),
		"{ca}", o.PKI.CAFile, "{cert}", o.Server.CertificateFile, "{key}", o.Server.KeyFile).Replace(syslogNGConf))
	r.pidFile = filepath.Join(dir, "pid")
	r.command = func() *exec.Cmd {
		cmd := exec.Command(daemon, "-F", "--no-caps", "-e", "-f", conf, "--module-path", strings.Join(modules, ":"),
			"-R", filepath.Join(dir, "persist"), "-p", r.pidFile, "-c", filepath.Join(dir, "ctl"))
		cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+strings.Join(libraries, ":"))
		cmd.Dir = dir
		return cmd
	}
	r.run(t)
	return r
}

func glob(root string, patterns ...string) []string {
	var all []string
	for _, p := range patterns {
		found, _ := filepath.Glob(filepath.Join(root, p))
		all = append(all, found...)
	}
	return all
}

// Messages returns what the receiver has written down so far.
func (r *Receiver) Messages(t testing.TB) []Message {
	t.Helper()
	f, err := os.Open(r.output)
	if os.IsNotExist(err) {
		return nil
	}
	must(t, err)
	defer f.Close()
	data, err := io.ReadAll(io.NewSectionReader(f, r.parsed, 1<<40))
	must(t, err)
	for line := range bytes.Lines(data) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // being written
		}
		var m Message
		err := json.Unmarshal(line, &m)
		if again := bytes.LastIndex(line, []byte(`{"raw":"`)); err != nil && r.killed && again > 0 {
			// It was killed in the middle of a line, which it had not acknowledged, and started again behind it.
			m = Message{}
			err = json.Unmarshal(line[again:], &m)
		}
		if err != nil {
			t.Fatalf("%s wrote what is not a message: %v: %.300q", r.name, err, line)
		}
		// What separates structured data from the text belongs to neither.
		m.Text = strings.TrimPrefix(m.Text, " ")
		r.messages = append(r.messages, m)
		r.parsed += int64(len(line))
	}
	return slices.Clone(r.messages)
}

// Await waits until the receiver has written n messages or more, and returns them.
func (r *Receiver) Await(t testing.TB, n int) []Message {
	t.Helper()
	for deadline := time.Now().Add(awaitTimeout); ; time.Sleep(pollInterval) {
		got := r.Messages(t)
		if len(got) >= n {
			return got
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s wrote %d messages of %d after %v\n%s", r.name, len(got), n, awaitTimeout, r.logTail())
		}
	}
}
