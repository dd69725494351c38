package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"io"
	"io/fs"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"howett.net/plist"

	"hooksnare/agent/service"
	"hooksnare/packaging/package/archive"
)

// TestMain works from the top of the repository, as make does.
func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func TestNumber(t *testing.T) {
	for described, want := range map[string]string{
		"v1.2.3":                     "1.2.3",
		"1.2.3":                      "1.2.3",
		"v1.2.3-dirty":               "1.2.3",
		"v1.2.3-4-gabc1234":          "1.2.3.4",
		"v1.2.3-4-gabc1234-dirty":    "1.2.3.4",
		"v10.0.0-120-g0123456789abc": "10.0.0.120",
		"abc1234":                    "0.0.77",
		"abc1234-dirty":              "0.0.77",
		"0123456789ab":               "0.0.77",
		"v1.2.3.4":                   "1.2.3.4",
		"v1.2.3.4-5-gabc1234":        "",
		"v1.2":                       "",
		"v1.02.3":                    "",
		"v1.2.3-rc1":                 "",
		"v1.2.3-0-gabc1234":          "",
		"version":                    "",
		"v1.2.3; rm":                 "",
		"v1.2.3\n":                   "",
	} {
		got, err := number(described, "77")
		if got != want || (err == nil) == (want == "") {
			t.Errorf("number(%q): got %q, %v, want %q", described, got, err, want)
		}
	}
}

// shared returns a checker of the shared test data, or skips.
func shared(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "shared", "tools", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no shared test data: %v", err)
	}
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("no python3 here")
	}
	return path
}

// output runs a program and returns what it printed.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	b, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v: %s", name, strings.Join(args, " "), err, b)
	}
	return string(b)
}

// tool skips a test where a tool of the machine is missing.
func tool(t *testing.T, name string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("no %s here", name)
	}
	return name
}

// build builds a release of a version into a folder.
func build(t *testing.T, more ...string) string {
	t.Helper()
	if os.Getenv("TEST_SLOW") == "" {
		t.Skip("builds both programs: TEST_SLOW=1")
	}
	out := filepath.Join(t.TempDir(), "dist")
	if err := run(t.Context(), append(append([]string{"-version", "v1.2.3", "-out", out}, more...), "build")); err != nil {
		t.Fatal(err)
	}
	return out
}

// packOf packs a program without building it.
func packOf(t *testing.T, program []byte, more ...string) string {
	t.Helper()
	dir := t.TempDir()
	name, out := filepath.Join(dir, "program"), filepath.Join(dir, "dist")
	if err := os.WriteFile(name, program, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), append(append([]string{"-version", "v1.2.3", "-program", name, "-out", out}, more...), "build")); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestCheckers(t *testing.T) {
	out := packOf(t, bytes.Repeat([]byte("program "), 10000))
	name := filepath.Join(out, "Hooksnare-1.2.3-unsigned.pkg")
	t.Run("checkpkg", func(t *testing.T) {
		if said := output(t, "python3", shared(t, "checkpkg.py"), name); !strings.Contains(said, "all good") {
			t.Errorf("checkpkg: %s", said)
		}
	})
	for _, name := range []string{name, filepath.Join(out, "Hooksnare-1.2.3-unsigned-uninstall.pkg")} {
		t.Run("bsdtar", func(t *testing.T) {
			dir := t.TempDir()
			output(t, tool(t, "bsdtar"), "-C", dir, "-xf", name)
			output(t, "bsdtar", "-tf", filepath.Join(dir, "component.pkg", "Scripts"))
			output(t, tool(t, "xmllint"), "--noout", filepath.Join(dir, "Distribution"), filepath.Join(dir, "component.pkg", "PackageInfo"))
			text, err := os.ReadFile(filepath.Join(dir, "Distribution"))
			if err != nil || !strings.Contains(string(text), "(unsigned)") {
				t.Errorf("Distribution: %s, %v, want a title that says unsigned", text, err)
			}
		})
		t.Run("7z", func(t *testing.T) { output(t, tool(t, "7z"), "t", name) })
	}
}

func TestSameBytes(t *testing.T) {
	read := func(dir string) map[string]string {
		files := map[string]string{}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			b, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			files[e.Name()] = string(b)
		}
		return files
	}
	first, second := read(build(t)), read(build(t))
	if len(first) != 9 || len(first) != len(second) {
		t.Errorf("%d and %d files, want 9", len(first), len(second))
	}
	host, _ := os.Hostname()
	folder, _ := os.Getwd()
	for name, text := range first {
		if second[name] != text {
			t.Errorf("%s: two builds differ", name)
		}
		for _, word := range []string{folder, host} {
			if len(word) > 5 && strings.Contains(text, word) {
				t.Errorf("%s: contains %q", name, word)
			}
		}
	}
}

// TestScripts reads the scripts as shells do, and compares them with the table of places.
func TestScripts(t *testing.T) {
	for folder, names := range map[string][]string{"agent": {"preinstall", "postinstall"}, "uninstall": {"postinstall"}} {
		list, err := renderScripts(folder, names...)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range list[1:] {
			name := filepath.Join(t.TempDir(), "script")
			if err := os.WriteFile(name, f.Body, 0o700); err != nil {
				t.Fatal(err)
			}
			output(t, "sh", "-n", name)
			if b, err := exec.Command(name, "pkg", "/Volumes/Other/x", "/Volumes/Other", "/").CombinedOutput(); err == nil || !strings.Contains(string(b), "/Volumes/Other") {
				t.Errorf("%s %s on another volume: %s, %v, want a refusal", folder, f.Name, b, err)
			}
			if folder != "uninstall" {
				continue
			}
			p := service.AllPlaces()
			for _, place := range append(append(append(p.Files, p.Folders...), p.Completions...), p.Link) {
				if !strings.Contains(string(f.Body), "rm -f '"+place+"'\n") && !strings.Contains(string(f.Body), "rm -rf '"+place+"'\n") {
					t.Errorf("%s %s: removes no %s", folder, f.Name, place)
				}
			}
			t.Run("shellcheck", func(t *testing.T) { output(t, tool(t, "shellcheck"), name) })
		}
	}
}

func TestChecksum(t *testing.T) {
	tool(t, "cksum")
	name := filepath.Join(t.TempDir(), "file")
	for _, n := range []int{0, 1, 255, 256, 70000} {
		b := bytes.Repeat([]byte{0xA5}, n)
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		want := strings.Fields(output(t, "cksum", name))[0]
		if got := big.NewInt(int64(archive.Checksum(b))).String(); got != want {
			t.Errorf("checksum of %d bytes: got %s, want %s", n, got, want)
		}
	}
}

// developer makes a chain of three certificates as Apple's are, and returns their file, the file of
// the key, and that of the root alone.
func developer(t *testing.T) (chain, key, root string) {
	t.Helper()
	var out bytes.Buffer
	var parent *x509.Certificate
	var parentKey *rsa.PrivateKey
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for i, name := range []string{"Made-up Root CA", "Made-up Developer ID CA", "Developer ID Application: Made Up (ABCDE12345)"} {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		c := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: name, OrganizationalUnit: []string{"ABCDE12345"}},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			IsCA: i < 2, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		}
		if i == 2 {
			c.KeyUsage, c.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
		}
		if parent == nil {
			parent, parentKey = c, k
		}
		der, err := x509.CreateCertificate(rand.Reader, c, parent, &k.PublicKey, parentKey)
		if err != nil {
			t.Fatal(err)
		}
		if parent, err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
		parentKey = k
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		if i == 0 {
			root = write("root.pem", text)
		}
		former := out.Bytes()
		out = *bytes.NewBuffer(append(bytes.Clone(text), former...)) // the signer's first
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(parentKey)
	if err != nil {
		t.Fatal(err)
	}
	return write("chain.pem", out.Bytes()), write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})), root
}

// verifyCMS has openssl check a detached signature against a root.
func verifyCMS(t *testing.T, root string, cms, content []byte) {
	t.Helper()
	dir := t.TempDir()
	for name, b := range map[string][]byte{"cms": cms, "content": content} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	output(t, tool(t, "openssl"), "cms", "-verify", "-binary", "-purpose", "any", "-inform", "DER", "-in", filepath.Join(dir, "cms"),
		"-content", filepath.Join(dir, "content"), "-CAfile", root, "-out", os.DevNull)
}

func TestSignedPackage(t *testing.T) {
	chain, key, root := developer(t)
	out := packOf(t, []byte("program"), "-app-cert", chain, "-app-key", key, "-installer-cert", chain, "-installer-key", key)
	b, err := os.ReadFile(filepath.Join(out, "Hooksnare-1.2.3.pkg"))
	if err != nil {
		t.Fatal(err)
	}
	heap := b[28+binary.BigEndian.Uint64(b[8:]):]
	sum, signature, cms := heap[:20], heap[20:276], heap[276:]
	id, err := readIdentity(chain, key, "")
	if err != nil {
		t.Fatal(err)
	}
	verifyCMS(t, root, cms[:id.CMSSize()], sum)
	dir := t.TempDir()
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: id.chain[0].RawSubjectPublicKeyInfo})
	for name, b := range map[string][]byte{"sum": sum, "signature": signature, "public": public} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	output(t, tool(t, "openssl"), "pkeyutl", "-verify", "-pubin", "-inkey", filepath.Join(dir, "public"), "-in", filepath.Join(dir, "sum"),
		"-sigfile", filepath.Join(dir, "signature"), "-pkeyopt", "digest:sha1")
	output(t, "python3", shared(t, "checkpkg.py"), filepath.Join(out, "Hooksnare-1.2.3.pkg"))
	output(t, tool(t, "bsdtar"), "-tf", filepath.Join(out, "Hooksnare-1.2.3.pkg"))
}

func TestHalfAnIdentity(t *testing.T) {
	chain, key, _ := developer(t)
	_, other, _ := developer(t)
	for _, args := range [][]string{
		{"-app-cert", chain}, {"-app-key", key}, {"-app-cert", chain, "-app-key", key}, {"-app-cert", chain, "-app-key", other},
		{"-app-cert", key, "-app-key", key}, {"-app-cert", chain, "-app-key", chain},
	} {
		if err := run(t.Context(), append(append(args, "-out", t.TempDir()+"/dist"), "build")); err == nil {
			t.Errorf("%v: built, want an error", args)
		}
	}
}

// TestRelease builds all of a signed release and has others read it.
func TestRelease(t *testing.T) {
	chain, key, root := developer(t)
	out := build(t, "-app-cert", chain, "-app-key", key, "-installer-cert", chain, "-installer-key", key)
	t.Run("sums", func(t *testing.T) {
		cmd := exec.Command(tool(t, "sha256sum"), "-c", "SHA256SUMS")
		cmd.Dir = out
		if b, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, b)
		}
	})
	t.Run("signatures", func(t *testing.T) {
		dir := t.TempDir()
		output(t, tool(t, "bsdtar"), "-C", dir, "-xf", filepath.Join(out, "Hooksnare-1.2.3.pkg"))
		output(t, "bsdtar", "-C", dir, "-xf", filepath.Join(dir, "component.pkg", "Payload"))
		program := filepath.Join(dir, ".staged", "hooksnare")
		said := output(t, "python3", shared(t, "machosig.py"), program)
		if strings.Count(said, "id='com.hooksnare.agent' team='ABCDE12345' flags=0x10000(runtime)") != 2 || strings.Contains(said, "BAD") {
			t.Errorf("machosig: %s", said)
		}
		b, err := os.ReadFile(program)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			offset, size := binary.BigEndian.Uint32(b[8+20*i+8:]), binary.BigEndian.Uint32(b[8+20*i+12:])
			directory, cms := signatureOf(t, b[offset:offset+size])
			verifyCMS(t, root, cms, directory)
		}
	})
	t.Run("munki", func(t *testing.T) {
		b, err := os.ReadFile(filepath.Join(out, "Hooksnare-1.2.3.plist"))
		if err != nil {
			t.Fatal(err)
		}
		var info struct {
			Version  string `plist:"version"`
			Hash     string `plist:"installer_item_hash"`
			Location string `plist:"installer_item_location"`
			Minimum  string `plist:"minimum_os_version"`
			Receipts []struct {
				ID      string `plist:"packageid"`
				Version string `plist:"version"`
			} `plist:"receipts"`
			Installs []struct {
				Path string `plist:"path"`
				MD5  string `plist:"md5checksum"`
			} `plist:"installs"`
		}
		if _, err := plist.Unmarshal(b, &info); err != nil {
			t.Fatal(err)
		}
		pkg, err := os.ReadFile(filepath.Join(out, info.Location))
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(pkg); info.Hash != string(hexOf(sum[:])) {
			t.Errorf("installer_item_hash %s is not of %s", info.Hash, info.Location)
		}
		if info.Version != "1.2.3" || info.Minimum != "13.0" || len(info.Receipts) != 1 || info.Receipts[0].ID != agentID || info.Receipts[0].Version != "1.2.3" ||
			len(info.Installs) != 2 || info.Installs[0].Path != service.Program || len(info.Installs[0].MD5) != 32 {
			t.Errorf("pkginfo: %+v", info)
		}
	})
	t.Run("ruby", func(t *testing.T) {
		output(t, tool(t, "ruby"), "-c", filepath.Join(out, "hooksnare.rb"), filepath.Join(out, "hooksnare-agent.rb"))
	})
}

func hexOf(b []byte) []byte {
	const digits = "0123456789abcdef"
	var out []byte
	for _, x := range b {
		out = append(out, digits[x>>4], digits[x&15])
	}
	return out
}

// signatureOf returns the code directory and the CMS of a thin program.
func signatureOf(t *testing.T, b []byte) (directory, cms []byte) {
	t.Helper()
	i := bytes.Index(b, []byte{0xFA, 0xDE, 0x0C, 0xC0})
	if i < 0 {
		t.Fatal("no signature")
	}
	b = b[i:]
	blob := func(n int) []byte {
		at := binary.BigEndian.Uint32(b[12+8*n+4:])
		return b[at : at+binary.BigEndian.Uint32(b[at+4:])]
	}
	return blob(0), blob(2)[8:]
}

// TestArchivesAreComplete follows every link in the documents of an archive.
func TestArchivesAreComplete(t *testing.T) {
	root := os.DirFS(".")
	names, err := linked(root, documents)
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, name := range names {
		there[name] = true
	}
	for _, name := range names {
		if filepath.Ext(name) != ".md" {
			continue
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			target := filepath.Join(filepath.Dir(name), m[1])
			info, err := os.Stat(target)
			if err != nil || !info.IsDir() && !there[target] {
				t.Errorf("%s links to %s, which no archive has (%v)", name, target, err)
			}
		}
	}
}

// TestTimestamp has openssl play a timestamp authority.
func TestTimestamp(t *testing.T) {
	tool(t, "openssl")
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	config := "[tsa]\nserial=" + file("serial") + "\ndefault_policy=1.2.3\nsigner_digest=sha256\ndigests=sha256\ness_cert_id_alg=sha256\n" +
		"[ext]\nextendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n[req]\ndistinguished_name=dn\n[dn]\n"
	if err := os.WriteFile(file("conf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	output(t, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Made-up TSA", "-days", "2", "-config", file("conf"),
		"-extensions", "ext", "-keyout", file("tsa.key"), "-out", file("tsa.pem"))
	answer := func(w http.ResponseWriter, r *http.Request) {
		query, err := io.ReadAll(r.Body)
		if err == nil {
			err = os.WriteFile(file("query"), query, 0o600)
		}
		if err != nil {
			t.Error(err)
			return
		}
		output(t, "openssl", "ts", "-reply", "-config", file("conf"), "-section", "tsa", "-queryfile", file("query"), "-signer", file("tsa.pem"), "-inkey", file("tsa.key"), "-out", file("reply"))
		reply, _ := os.ReadFile(file("reply"))
		w.Write(reply)
	}
	server := httptest.NewServer(http.HandlerFunc(answer))
	defer server.Close()
	signature := []byte("a signature")
	token, err := requestTimestamp(t.Context(), server.URL, signature)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"token": token, "data": signature} {
		if err := os.WriteFile(file(name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	output(t, "openssl", "ts", "-verify", "-data", file("data"), "-token_in", "-in", file("token"), "-CAfile", file("tsa.pem"))
	reply, err := os.ReadFile(file("reply"))
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(reply) { // cut after every byte, and of another signature
		if _, err := parseTimestamp(reply[:n], []byte("a hash")); err == nil {
			t.Errorf("an answer of %d bytes is accepted", n)
		}
	}

	chain, key, root := developer(t)
	id, err := readIdentity(chain, key, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	cms, err := id.CMS([]byte("content"))
	if err != nil || len(cms) > id.CMSSize() {
		t.Fatalf("%d bytes, %v, want at most %d", len(cms), err, id.CMSSize())
	}
	verifyCMS(t, root, cms, []byte("content"))
	if !bytes.Contains(cms, []byte("Made-up TSA")) {
		t.Error("the signature has no timestamp")
	}
	server.Close()
	if _, err := id.CMS([]byte("content")); err == nil {
		t.Error("signed without the timestamp that was asked for")
	}
}
