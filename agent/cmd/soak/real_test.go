package soak

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hooksnare/pkg/forward/receivers"
)

// newRsyslog starts rsyslog for RELP with certificates on both sides, behind the proxy.
func newRsyslog(t testing.TB, proxy *receivers.Toxiproxy, root string) *place {
	t.Helper()
	r := receivers.StartRsyslogRELP(t, receivers.Options{})
	link := proxy.Link(t, port(t, r.Address))
	p := &place{name: "relp", config: certificates(t, root, "relp", r.PKI)}
	p.config["Name"], p.config["Type"], p.config["Address"] = p.name, "relp", link.Address
	p.faults = append(linkFaults(t, link), fault{name: "killed", on: func() { r.Kill(t) }, off: func() { r.Start(t) }})
	p.size = func() int64 { return int64(len(r.Messages(t))) }
	p.documents = func() [][]byte {
		var all [][]byte
		for _, m := range r.Messages(t) {
			all = append(all, []byte(m.Text))
		}
		return all
	}
	return p
}

// newCollector starts an OpenTelemetry Collector with certificates on both sides, behind
// the proxy.
func newCollector(t testing.TB, proxy *receivers.Toxiproxy, root string) *place {
	t.Helper()
	c := receivers.StartCollector(t, receivers.Options{})
	link := proxy.Link(t, port(t, c.Address))
	p := &place{name: "collector", config: certificates(t, root, "collector", c.PKI)}
	p.config["Name"], p.config["Type"], p.config["URL"] = p.name, "otlp", "https://"+link.Address+"/v1/logs"
	p.faults = append(linkFaults(t, link), fault{name: "killed", on: func() { c.Kill(t) }, off: func() { c.Start(t) }})
	p.size = func() int64 { return int64(len(c.Records(t))) }
	p.documents = func() [][]byte {
		var all [][]byte
		for _, r := range c.Records(t) {
			all = append(all, []byte(r.Body.String))
		}
		return all
	}
	return p
}

// certificates copies the files of a PKI below the root, as the configuration's paths lie
// there, and returns the members of an output that name them.
func certificates(t testing.TB, root, name string, pki *receivers.PKI) map[string]any {
	t.Helper()
	members := map[string]any{}
	for member, from := range map[string]string{
		"CAFile": pki.CAFile, "CertificateFile": pki.Client.CertificateFile, "KeyFile": pki.Client.KeyFile,
	} {
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		path := "/private/etc/hooksnare/" + name + "." + member
		lay(t, filepath.Join(root, path), b)
		members[member] = path
	}
	return members
}

// newLog is the local log. Its fault is a folder in its place.
func newLog(t testing.TB, root string) *place {
	t.Helper()
	const path = "/private/var/log/hooksnare/alerts.jsonl"
	log := filepath.Join(root, path)
	aside, n := "", 0
	inTheWay := fault{"a folder in its place", func() {
		n++
		aside = fmt.Sprintf("%s.aside%d", log, n)
		if os.Rename(log, aside) == nil {
			_ = os.Mkdir(log, 0o700) // fails when the agent was faster
		}
	}, func() {
		_ = os.Remove(log + "/") // the folder alone
		if os.Link(aside, log) == nil {
			_ = os.Remove(aside)
		}
	}}
	p := &place{name: "file", config: map[string]any{"Name": "file", "Type": "file", "Path": path}, faults: []fault{inTheWay}}
	p.documents = func() [][]byte {
		var all [][]byte
		for _, name := range logs(log) {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Error(err)
			}
			for line := range bytes.Lines(b) {
				if whole, ok := bytes.CutSuffix(line, []byte("\n")); ok { // else it was cut, and comes again
					all = append(all, whole)
				}
			}
		}
		return all
	}
	p.size = func() (size int64) {
		for _, name := range logs(log) {
			if info, err := os.Stat(name); err == nil {
				size += info.Size()
			}
		}
		return size
	}
	return p
}

// logs returns the files of the local log, also those that were put aside.
func logs(log string) []string {
	found, _ := filepath.Glob(log + "*")
	return slices.DeleteFunc(found, func(name string) bool {
		info, err := os.Lstat(name)
		return err != nil || !info.Mode().IsRegular()
	})
}

// lay writes a file that only its owner may read, and the folders above it.
func lay(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
