package forward

import (
	"errors"
	"strings"
)

// New returns the Sender of a receiver. It opens nothing: files are read, and
// connections made, by Send. It refuses what Check does, and files that nothing reads.
func New(c Config) (Sender, error) {
	if c.Name == "" {
		c.Name = c.Type
	}
	c.Name = line(c.Name)
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.Index == "" {
		c.Index = DefaultIndex
	}
	if faults := c.faults(); len(faults) > 0 {
		return nil, c.fail(faults[0].kind, faults, faults.Error())
	}
	if c.ReadSecret == nil && (c.TokenFile != "" || c.KeyFile != "") || c.ReadTrusted == nil && (c.CAFile != "" || c.CertificateFile != "") {
		return nil, c.fail(KindUnconfigured, errors.New("no reader"), "files are named, and nothing reads them")
	}
	switch c.Type {
	case "syslog_tls":
		return c.newSyslogTLS(), nil
	case "relp":
		return c.newRELP(), nil
	}
	return c.newHTTP(), nil
}

// newHTTP returns the sender of a type that posts.
func (c *Config) newHTTP() Sender {
	u, _ := parseURL(c.URL) // checked
	s := &httpSender{c: c, plain: u.Scheme == "http", token: token{file: watched{path: c.TokenFile}}, tls: newTLSFiles(c, "")}
	bare := u.Path == "" || u.Path == "/"
	switch c.Type {
	case "https":
		s.dialect = ndjson{}
	case "elasticsearch":
		s.dialect = newBulk(c.Index)
		if !strings.HasSuffix(u.Path, "/_bulk") {
			u = u.JoinPath("_bulk")
		}
	case "splunk_hec":
		s.dialect = newHEC(c.Host)
		if bare {
			u = u.JoinPath("services/collector/event")
		}
	case "otlp":
		s.dialect = newOTLP(c)
		if bare {
			u = u.JoinPath("v1/logs")
		}
	}
	s.url = u.String()
	return s
}
