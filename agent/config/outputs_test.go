package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pair returns a certificate and its key in PEM.
func pair(t *testing.T) (certificate, key []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"logs.example.com"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

func TestCheckFiles(t *testing.T) {
	certificate, key := pair(t)
	_, other := pair(t)
	tests := []struct {
		name string
		edit func(t *testing.T, dir string)
		want []string // parts of the errors, in order
	}{
		{"right", func(*testing.T, string) {}, nil},
		{"absent", func(t *testing.T, dir string) {
			for _, name := range []string{"token", "ca.pem", "cert.pem", "key.pem"} {
				if err := os.Remove(filepath.Join(dir, name)); err != nil {
					t.Error(err)
				}
			}
		}, []string{"Outputs[0].TokenFile: DIR/token: no such file", "Outputs[0].CAFile: DIR/ca.pem: no such file",
			"Outputs[0].CertificateFile: DIR/cert.pem: no such file"}},
		{"no key", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "key.pem")); err != nil {
				t.Error(err)
			}
		}, []string{"Outputs[0].KeyFile: DIR/key.pem: no such file"}},
		{"others read", func(t *testing.T, dir string) {
			for _, name := range []string{"token", "ca.pem", "cert.pem", "key.pem"} {
				if err := os.Chmod(filepath.Join(dir, name), 0o644); err != nil {
					t.Error(err)
				}
			}
		}, []string{"Outputs[0].TokenFile: DIR/token: ", "Outputs[0].KeyFile: DIR/key.pem: "}},
		{"others write", func(t *testing.T, dir string) {
			if err := os.Chmod(filepath.Join(dir, "ca.pem"), 0o666); err != nil {
				t.Error(err)
			}
		}, []string{"Outputs[0].CAFile: DIR/ca.pem: "}},
		{"wrong content", func(t *testing.T, dir string) {
			write(t, []byte("hunter2\nsecond line\n"), dir, "token")
			write(t, key, dir, "ca.pem")
			write(t, other, dir, "key.pem")
		}, []string{"Outputs[0].TokenFile: DIR/token: expected one line", "Outputs[0].CAFile: DIR/ca.pem: holds no PEM",
			"Outputs[0].KeyFile: DIR/key.pem: with DIR/cert.pem: "}},
		{"empty", func(t *testing.T, dir string) { write(t, []byte("\n"), dir, "token") },
			[]string{"Outputs[0].TokenFile: DIR/token: expected one line"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, []byte("hunter2\n"), dir, "token")
			write(t, certificate, dir, "ca.pem")
			write(t, certificate, dir, "cert.pem")
			write(t, key, dir, "key.pem")
			tt.edit(t, dir)
			file := outputFile(t, dir)
			c, sources, err := Load(Options{File: file})
			if err != nil {
				t.Fatal(err)
			}
			got := []string{}
			if err := c.CheckFiles(sources); err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if len(got) != len(tt.want) {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			for i := range got {
				got := strings.ReplaceAll(got[i], dir, "DIR")
				if !strings.HasPrefix(got, "DIR/c.plist:") || !strings.Contains(got, tt.want[i]) || strings.Contains(got, "hunter2") {
					t.Errorf("got %q, want DIR/c.plist:LINE: %s...", got, tt.want[i])
				}
			}
		})
	}
}

// outputFile writes a configuration that names all four files of dir, twice, the second
// time without effect.
func outputFile(t *testing.T, dir string) string {
	t.Helper()
	in := func(name string) string { return filepath.Join(dir, name) }
	return xmlFile(t, map[string]any{"Outputs": []any{
		map[string]any{
			"Type": "https", "URL": "https://logs.example.com/", "TokenFile": in("token"), "CAFile": in("ca.pem"),
			"CertificateFile": in("cert.pem"), "KeyFile": in("key.pem"),
		},
		map[string]any{
			"Name": "off", "Type": "https", "URL": "https://logs.example.com/", "Enabled": false, "TokenFile": "/no/such/file",
		},
	}}, dir, "c.plist")
}

// TestProblem holds where an error found by others is said to be.
func TestProblem(t *testing.T) {
	root := t.TempDir()
	local := xmlFile(t, map[string]any{"SweepInterval": 1, "Outputs": []any{map[string]any{"Type": "syslog"}}}, root, LocalFile)
	_, sources, err := Load(Options{
		Root: root, Env: []string{"HOOKSNARE_EXTRA_HOMES=/a"}, Flags: Flags{Eslogger: "/e"},
	})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ key, want string }{
		{"Outputs[0].Type", local + ":8: Outputs[0].Type: no"},
		{"Outputs[0].Name", local + ":7: Outputs[0].Name: no"},
		{"SweepInterval", local + ":12: SweepInterval: no"},
		{"ExtraHomes", "environment: HOOKSNARE_EXTRA_HOMES: no"},
		{"EsloggerPath", "command line: --eslogger: no"},
		{"RepeatWindow", "defaults: RepeatWindow: no"},
		{"", "defaults: no"},
	}
	for _, tt := range tests {
		if got := sources.Problem(tt.key, "no").Error(); got != tt.want {
			t.Errorf("Problem(%q): got %q, want %q", tt.key, got, tt.want)
		}
	}
}

// TestCheckPassword holds that a file of a user and password is looked at like one of a token.
func TestCheckPassword(t *testing.T) {
	for content, want := range map[string]string{
		"agent:hunter2\n": "", "hunter2\n": "expected user:password", "agent:hunter2\nmore\n": "expected user:password", "": "expected user:password",
	} {
		dir := t.TempDir()
		path := write(t, []byte(content), dir, "user")
		c := Config{Outputs: []Output{{Key: "Outputs[0]", Type: "otlp", URL: "https://logs.example.com", BasicAuthFile: path, Enabled: true}}}
		for _, mode := range []os.FileMode{0o600, 0o644} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			if mode == 0o644 {
				want = path
			}
			got := fmt.Sprint(c.CheckFiles(Sources{}))
			if want == "" && got != "<nil>" || !strings.Contains(got, want) || strings.Contains(got, "hunter2") || want != "" && !strings.Contains(got, "Outputs[0].BasicAuthFile") {
				t.Errorf("%q of mode %o: got %s, want %q and no password", content, mode, got, want)
			}
		}
	}
}
