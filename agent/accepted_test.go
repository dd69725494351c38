package agent_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	howett "howett.net/plist"

	"hooksnare/agent"
	"hooksnare/agent/config"
	"hooksnare/collector/eslogger"
	"hooksnare/collector/prefs"
	"hooksnare/detect"
	"hooksnare/detect/rules"
	"hooksnare/pkg/event"
	"hooksnare/pkg/forward"
	"hooksnare/pkg/logfile"
	"hooksnare/pkg/spool"
)

// pick returns one of the values.
func pick[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

// words are texts that some consumer of a configuration does not take, or only nearly.
var words = []string{
	"", " ", "a", "A", "exec", "fork", "_x", "x_", "EXEC", "--select", "exec ", "e1", ".", "..", ".a", "a.", "%a", "a/b", "a b", "CON", "nul",
	"chain", "tmp", "ballast", "out", "dead", "Ünï", "ſ", "\x00", "a\x00b", "a\nb", "\x7f", "\u2028", "\ufeff", "𝔘", "-", "--", "-x", "~", "$HOME",
	strings.Repeat("a", 64), strings.Repeat("a", 65), strings.Repeat("a", 128), strings.Repeat("a", 129), strings.Repeat("a", 255), strings.Repeat("é", 200),
	strings.Repeat("a", 4096), strings.Repeat("a", 5000), "logs-hooksnare.alerts-default", "Logs", "_index", "+x", "*",
}

var paths = []string{
	"/", "//", "/.", "/..", "/a/../b", "/a", "/A", "/a.1", "/a.4", "/a.5", "/a/", "/a//b", "/a b/c", "a", "./a", "/Users", "/Users/x", "/private/etc", "/etc",
	"/Library", "/Library/Managed Preferences", "/System/Volumes/Data/Users", "/var/root", "/private/var/root", "/Volumes/Macintosh HD", "/x\x00", "/x\ny",
	"/" + strings.Repeat("n", 250), "/" + strings.Repeat("n", 254), "/" + strings.Repeat("n", 256) + "/a", strings.Repeat("/nn", 400), "/var/log/hooksnare/alerts.jsonl",
}

var urls = []string{
	"https://h", "https://h/", "https://h:9200/x?y=z", "https://h/_bulk", "https://[::1]:1/", "https://[fe80::1%25en0]/", "https://h:0", "https://h:65536", "https://h:",
	"http://localhost", "http://LOCALHOST:1", "http://127.0.0.1", "http://[::1]", "http://10.0.0.1", "http://0.0.0.0", "http://127.1", "http://[::ffff:127.0.0.1]",
	"https://u:p@h", "https://@h", "https://h/#", "https://h/#f", "https://h/?a b", "https://h/ ", "https://h/%zz", "https://h/é", "https://bücher.example", "https://h/\r\nX: y",
	"https:h", "https://", "https:///x", "https://:443", "HTTPS://H", "ftp://h", "//h", "h", "https://h..", "https://-h", "https://h_", "https://" + strings.Repeat("h", 254), "https://h/" + strings.Repeat("x", 2048),
	"https://h/?q=%", "https://h/?q=\u2028", "https://h/%2f..%2f", "https://h/../..", "https://h?x", "https://1.2.3.4:443", "https://h:443:1", "https://[::1", "https://h\\x",
}

var addresses = []string{
	"h:1", "h:0", "h:65535", "h:65536", "h:syslog", ":1", "h:", "h", "[::1]:6514", "::1:6514", "[fe80::1%en0]:1", "[h]:1", "h h:1", "h/:1", "u@h:1", "h:1:2", "h:01", "h:-1", "h:+1", "1.2.3.4:514", "é:1", "h\n:1",
}

var proxies = []string{"http://p:3128", "https://p", "none", "", "p:3128", "http://u:p@p", "socks5://p", "http://[::1]:1", "http://p/", "http://p/x", "http://p?", "http://127.0.0.1:1"}

var hosts = []string{"h", ".h", "*.h", "*", "10.0.0.0/8", "10.0.0.1", "::1", "[::1]:1", "h:1", "h:0", "", "a,b", " ", "é", "h\n"}

var headerNames = []string{
	"X-Site", "x-site", "X_Site", "X Site", "", "X:", "Host", "host", "Content-Length", "Expect", "expect", "Connection", "Transfer-Encoding", "Authorization", "Proxy-Authorization",
	"X-Splunk-Request-Channel", "Idempotency-Key", "X-Idempotency-Key", "Content-Type", "Content-Encoding", "Accept", "Accept-Encoding", "User-Agent", "Trailer", "Te", "Upgrade", "Keep-Alive", "Cookie", "X-Api-Key", "Proxy-Connection", "X-É", strings.Repeat("X", 65),
}

var numbers = []any{
	0, 1, -1, 30, 86400, 86401, 2592000, 31622400, 4096, 4095, 1 << 40, 1<<40 + 1, 0.05, 0.049, 1e-9, -1e-9, 1e300, 9.3e9, notANumber, math.Inf(1), math.Inf(-1), math.Copysign(0, -1), math.MaxInt64, uint64(math.MaxUint64), "1", true,
}

// notANumber stands for NaN, which the encoder can't write.
const notANumber = 1.7976931348623e301

// text returns one of the texts, now and then with a part of another.
func text(r *rand.Rand, texts []string) string {
	s := pick(r, texts...)
	if r.IntN(8) == 0 {
		s += pick(r, texts...)
	}
	return s
}

func list(r *rand.Rand, most int, one func() any) []any {
	all := []any{}
	for range r.IntN(most + 1) {
		all = append(all, one())
	}
	return all
}

// configured returns what a configuration might say: mostly right, in places not.
func configured(r *rand.Rand) map[string]any {
	c, seldom := map[string]any{}, pick(r, 3, 20) // or hardly one could be right
	maybe := func(key string, v func() any) {
		if r.IntN(seldom) == 0 {
			c[key] = v()
		}
	}
	for _, key := range []string{"CanaryInterval", "HeartbeatInterval", "SweepInterval", "CorrelationWindow", "RepeatWindow", "SpoolMaxAge", "SpoolMaxBytes", "SpoolMaxAlerts"} {
		maybe(key, func() any { return pick(r, numbers...) })
	}
	word := func() any { return text(r, words) }
	file := func() any { return text(r, paths) }
	maybe("EsloggerPath", file)
	maybe("EsloggerEvents", func() any { return append(list(r, 3, word), "exec") })
	maybe("ExtraHomes", func() any { return list(r, 3, file) })
	maybe("RuleDirectories", func() any { return list(r, 2, file) })
	proxy := func() any { return text(r, proxies) }
	maybe("Proxy", proxy)
	maybe("NoProxy", func() any { return list(r, 3, func() any { return text(r, hosts) }) })
	maybe("DisabledRules", func() any { return list(r, 2, word) })
	maybe("Exceptions", func() any { return list(r, 3, func() any { return exception(r) }) })
	if c["Outputs"] = list(r, pick(r, 1, 3, 40), func() any { return output(r) }); r.IntN(seldom) > 2 {
		c["Outputs"] = []any{output(r)}
	}
	return c
}

func exception(r *rand.Rand) map[string]any {
	x := map[string]any{"ID": text(r, words), "Where": pick(r, `true`, `hooksnare.hook.value == "x"`, `process.args == "x"`, `nope == 1`, `hooksnare.hook.value : "*"`, `(`, " "), "Reason": "r"}
	if r.IntN(2) == 0 {
		x["Require"] = map[string]any{"Owner": pick[any](r, "root", "0", 0, -1, 1<<32, "no body", "4294967296", "nobody")}
	}
	if r.IntN(3) == 0 {
		x["Rules"] = list(r, 2, func() any { return text(r, words) })
	}
	return x
}

func output(r *rand.Rand) map[string]any {
	kind := pick(r, append([]string{"file", "file", "syslog", "kafka"}, forward.Types...)...)
	o := map[string]any{"Type": kind}
	if r.IntN(8) > 0 {
		o["Name"] = pick(r, text(r, words), fmt.Sprintf("n%d", r.IntN(1000)), fmt.Sprintf("N%d", r.IntN(1000)))
	}
	switch kind {
	case "file":
		o["Path"] = pick(r, text(r, paths), fmt.Sprintf("/log/%d", r.IntN(1000)))
	case "syslog_tls", "relp":
		o["Address"] = text(r, addresses)
	case "https", "elasticsearch", "splunk_hec", "otlp":
		o["URL"] = text(r, urls)
		if r.IntN(2) == 0 {
			headers := map[string]any{}
			for range r.IntN(3) {
				headers[text(r, headerNames)] = pick(r, "v", "", " v", "a\r\nb: c", "é", strings.Repeat("v", 4097))
			}
			o["Headers"] = headers
		}
	}
	for _, name := range []string{"TokenFile", "BasicAuthFile", "CAFile", "CertificateFile", "KeyFile"} {
		if kind != "file" && kind != "syslog" && r.IntN(8) == 0 {
			o[name] = text(r, paths)
		}
	}
	if kind == "elasticsearch" && r.IntN(2) == 0 {
		o["Index"] = text(r, words)
	}
	if r.IntN(8) == 0 {
		o["Proxy"] = text(r, proxies)
	}
	if r.IntN(8) == 0 {
		o["Compression"] = pick(r, "gzip", "none", "GZIP", "")
	}
	if r.IntN(4) == 0 {
		o["MinSeverity"] = pick(r, "low", "medium", "high", "critical", "none")
	}
	if r.IntN(8) == 0 {
		o["Enabled"] = pick(r, true, false)
	}
	return o
}

// loaded writes a configuration and loads it for an empty disk below root.
func loaded(t testing.TB, root string, c map[string]any) (config.Config, config.Sources, error) {
	t.Helper()
	b, err := howett.Marshal(c, howett.BinaryFormat)
	if err != nil {
		t.Fatal(err)
	}
	number := func(f float64) []byte { return binary.BigEndian.AppendUint64(nil, math.Float64bits(f)) }
	b = bytes.ReplaceAll(b, number(notANumber), number(math.NaN()))
	file := filepath.Join(root, "c.plist")
	root = filepath.Join(root, "disk")
	if err := errors.Join(os.WriteFile(file, b, 0o600), os.RemoveAll(root), os.Mkdir(root, 0o755)); err != nil {
		t.Fatal(err)
	}
	return config.Load(config.Options{Root: root, File: file})
}

// deaf is a handler of nothing.
type deaf struct{}

func (deaf) HandleMessage(*eslogger.Message)    {}
func (deaf) HandleState(eslogger.State)         {}
func (hears) HandleChange(event.Change) error   { return nil }
func (hears) HandleUnreadable(event.Unreadable) {}
func (hears) HandleState(prefs.State) error     { return nil }

type hears struct{}

// refused returns what the consumers of a configuration refuse of it.
func refused(t testing.TB, c config.Config) error {
	t.Helper()
	var all []error
	refuse := func(who string, err error) {
		if err != nil {
			all = append(all, fmt.Errorf("%s: %w", who, err))
		}
	}
	_, err := eslogger.New(eslogger.Options{Path: c.EsloggerPath, Events: c.EsloggerEvents, CanaryInterval: c.CanaryInterval}, deaf{})
	refuse("eslogger", err)
	_, err = prefs.New(prefs.Options{Root: c.Root, Homes: c.ExtraHomes, Sweep: c.SweepInterval}, hears{})
	refuse("prefs", err)
	var outputs []spool.Output
	for i := range c.Outputs {
		o := &c.Outputs[i]
		if !o.Enabled {
			continue
		}
		outputs = append(outputs, spool.Output{Name: o.Name, MinSeverity: rules.Severity(o.MinSeverity).Number()})
		switch {
		case o.Type == "file":
			if inner, in := strings.CutPrefix(o.Path, c.StateDir+"/"); in && (strings.Contains(inner, "/") || strings.HasSuffix(inner, ".json")) {
				refuse(o.Key, fmt.Errorf("%s is the agent's own file", o.Path))
			}
			l, err := logfile.Open(o.Path, logfile.Options{})
			if err == nil {
				err = errors.Join(l.Append([]byte("{}\n")), l.Close())
			}
			refuse(o.Key, err)
		case o.Local():
		default:
			_, err := forward.New(c.Receiver(o))
			refuse(o.Key, err)
		}
		if rules.Severity(o.MinSeverity).Number() == 0 {
			refuse(o.Key, fmt.Errorf("MinSeverity %q: no severity", o.MinSeverity))
		}
	}
	refuse("spool", spool.CheckOutputs(outputs))
	for _, x := range c.Exceptions {
		_, err := detect.CheckWhere(x.Where)
		refuse(x.ID, err)
	}
	for _, d := range []time.Duration{c.CanaryInterval, c.HeartbeatInterval, c.SweepInterval, c.CorrelationWindow, c.RepeatWindow, c.SpoolMaxAge} {
		if d != 0 && d < 50*time.Millisecond {
			refuse("time", fmt.Errorf("%v: neither off nor as long as a timer can be", d))
		}
	}
	if c.SpoolMaxAge <= 0 || c.SpoolMaxBytes <= 0 || int64(int(c.SpoolMaxAlerts)) != c.SpoolMaxAlerts || c.SpoolMaxAlerts <= 0 {
		refuse("spool", fmt.Errorf("bounds %v, %d, %d", c.SpoolMaxAge, c.SpoolMaxBytes, c.SpoolMaxAlerts))
	}
	return errors.Join(all...)
}

// known are configurations that check once accepted and run did not.
func known() []map[string]any {
	var many []any
	for n := range 33 {
		many = append(many, map[string]any{"Type": "file", "Name": fmt.Sprint("n", n), "Path": fmt.Sprint("/log/", n)})
	}
	https := func(members map[string]any) map[string]any {
		members["Type"], members["URL"] = "https", "https://h"
		return map[string]any{"Outputs": []any{members}}
	}
	return []map[string]any{
		{"Outputs": many},
		{"Outputs": append(many[:32:32], map[string]any{"Type": "syslog", "Enabled": false})},
		{"EsloggerEvents": []any{"exec", "_x"}},
		https(map[string]any{"Headers": map[string]any{"Expect": "100-continue"}}),
		https(map[string]any{"Headers": map[string]any{"X-Splunk-Request-Channel": "x"}}),
		{"ExtraHomes": []any{"/"}},
		{"ExtraHomes": []any{"/System/Volumes/Data/Users"}},
		{"Outputs": []any{map[string]any{"Type": "file", "Path": "/log/a"}, map[string]any{"Type": "file", "Name": "b", "Path": "/log/A.1"}}},
		{"Outputs": []any{map[string]any{"Type": "file", "Path": "/" + strings.Repeat("a", 254)}}},
		{"Outputs": []any{map[string]any{"Type": "file", "Path": "/var/db/hooksnare/status.json"}}},
		{"Outputs": []any{map[string]any{"Type": "file", "Path": "/var/db/hooksnare/spool/out/x"}, map[string]any{"Type": "file", "Name": "b", "Path": "/ok"}}},
	}
}

// TestAccepted passes every configuration that Load accepts, in whole or in part, to all who
// use it: none refuses it.
func TestAccepted(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(9, 14))
	all := known()
	for range agent.Amount(300, 1500) {
		all = append(all, configured(r))
	}
	whole, root := 0, t.TempDir()
	for _, raw := range all {
		c, _, err := loaded(t, root, raw)
		if err == nil {
			whole++
		}
		if no := refused(t, c); no != nil {
			t.Errorf("accepted and refused: %v\ntold: %.2000v\nof: %.2000q", no, err, fmt.Sprint(raw))
		}
	}
	t.Logf("%d configurations, %d without a fault", len(all), whole)
	if whole < agent.Amount(6, 30) {
		t.Errorf("got %d configurations without a fault, want more for the test to mean something", whole)
	}
}

// TestAcceptedRuns has the agent itself begin and end with what Load made of
// configurations.
func TestAcceptedRuns(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 14))
	all := known()
	for range agent.Amount(6, 30) {
		all = append(all, configured(r))
	}
	for _, raw := range all {
		root := t.TempDir()
		c, sources, faults := loaded(t, root, raw)
		c.Outputs = slices.DeleteFunc(c.Outputs, func(o config.Output) bool { return o.Type == "syslog" }) // this machine's
		a, err := agent.New(agent.Options{Config: c, Sources: sources, Faults: faults, Log: zerolog.Nop()})
		if err != nil {
			t.Errorf("got %v, want an agent of\n%.2000v", err, raw)
			continue
		}
		ended, end := context.WithCancel(t.Context())
		end()
		if err := a.Run(ended); err != nil {
			t.Errorf("got %v, want an agent to run and end with\n%.2000v", err, raw)
		}
	}
}

// TestRefusedIsNamed holds the converse: of what a consumer does not take, Load says under
// which key it stands.
func TestRefusedIsNamed(t *testing.T) {
	outputs := func(kind, member string, v any) map[string]any {
		o := map[string]any{"Name": "n", "Type": kind, member: v}
		return map[string]any{"Outputs": []any{map[string]any{"Type": "file", "Path": "/x"}, o}}
	}
	receiver := func(c forward.Config) error {
		c.Type, c.URL = "elasticsearch", cmp.Or(c.URL, "https://h")
		return c.Check()
	}
	asks := []struct {
		key   string
		texts []string
		raw   func(s string) map[string]any
		ask   func(s string) error
	}{
		{"EsloggerEvents[1]", words, func(s string) map[string]any { return map[string]any{"EsloggerEvents": []any{"exec", s}} }, eslogger.CheckEvent},
		{"EsloggerPath", paths, func(s string) map[string]any { return map[string]any{"EsloggerPath": s} }, eslogger.CheckProgram},
		{"ExtraHomes[0]", paths, func(s string) map[string]any { return map[string]any{"ExtraHomes": []any{s}} }, prefs.CheckHome},
		{"Outputs[1].Name", words, func(s string) map[string]any { return outputs("syslog", "Name", s) }, spool.CheckName},
		{"Outputs[1].Path", paths, func(s string) map[string]any { return outputs("file", "Path", s) }, func(s string) error { return logfile.CheckPath(filepath.Clean(s)) }},
		{"Outputs[1].URL", urls, func(s string) map[string]any { return outputs("https", "URL", s) }, func(s string) error { return (&forward.Config{Type: "https", URL: s}).Check() }},
		{"Outputs[1].Address", addresses, func(s string) map[string]any { return outputs("relp", "Address", s) }, func(s string) error { return (&forward.Config{Type: "relp", Address: s}).Check() }},
		{"Outputs[1].Headers", headerNames, func(s string) map[string]any {
			c := outputs("https", "URL", "https://h")
			c["Outputs"].([]any)[1].(map[string]any)["Headers"] = map[string]any{s: "v"}
			return c
		}, func(s string) error { return receiver(forward.Config{Headers: map[string]string{s: "v"}}) }},
		{"Exceptions[0].Where", []string{"(", "true", "nope == 1", `process.args == "x"`}, func(s string) map[string]any {
			return map[string]any{"Exceptions": []any{map[string]any{"ID": "x", "Reason": "r", "Where": s}}}
		}, func(s string) error { _, err := detect.CheckWhere(s); return err }},
	}
	root := t.TempDir()
	for _, one := range asks {
		refusals := 0
		for _, s := range one.texts {
			if one.ask(s) == nil {
				continue
			}
			refusals++
			if _, _, err := loaded(t, root, one.raw(s)); err == nil || !strings.Contains(err.Error(), one.key) {
				t.Errorf("%s %.100q: refused (%v), and Load says %v, want it under its key", one.key, s, one.ask(s), err)
			}
		}
		if refusals == 0 {
			t.Errorf("%s: nothing was refused: the test means nothing", one.key)
		}
	}
}

// FuzzAccepted is TestAccepted for the configurations that a fuzzer makes of the generator's
// random numbers.
func FuzzAccepted(f *testing.F) {
	for n := range uint64(20) {
		f.Add(n, n*n)
	}
	root := f.TempDir()
	f.Fuzz(func(t *testing.T, a, b uint64) {
		raw := configured(rand.New(rand.NewPCG(a, b)))
		c, _, err := loaded(t, root, raw)
		if no := refused(t, c); no != nil {
			t.Errorf("accepted (%v) and refused: %v\n%.2000v", err, no, raw)
		}
	})
}
