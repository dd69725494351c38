package config

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

const profileHead = `<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0">
<dict>
<key>PayloadType</key><string>Configuration</string>
<key>PayloadContent</key>
<array>
<dict><key>PayloadType</key><string>com.apple.servicemanagement</string><key>Rules</key><array/></dict>
`

const profileTail = `
</array>
</dict>
</plist>
`

// wrappings put settings, the text of a dictionary, into a profile. None adds a line behind the
// beginning of the settings.
var wrappings = map[string]func(settings string) (head, body, tail string){
	"direct": func(s string) (string, string, string) {
		return profileHead, strings.Replace(s, "<dict>", "<dict><key>PayloadType</key><string>com.hooksnare.agent</string><key>PayloadVersion</key><integer>1</integer>", 1), profileTail
	},
	"preferences": func(s string) (string, string, string) {
		return profileHead + `<dict><key>PayloadType</key><string>com.apple.ManagedClient.preferences</string><key>PayloadContent</key><dict>
<key>com.example.other</key><dict/><key>com.hooksnare.agent</key><dict><key>Forced</key><array><dict>
<key>mcx_preference_settings</key>`, s, `</dict></array></dict></dict></dict>` + profileTail
	},
}

// ber returns an element. Without a definite length its end is marked, and octets come in parts.
func ber(isDefinite bool, tag byte, content []byte) []byte {
	if !isDefinite && tag == tagOctets {
		half := len(content) / 2
		content = append(ber(true, tagOctets, content[:half]), ber(true, tagOctets, content[half:])...)
		tag = tagOctetsInParts
	}
	if !isDefinite && tag&0x20 != 0 {
		return slices.Concat([]byte{tag, 0x80}, content, []byte{0, 0})
	}
	n := len(content)
	return append([]byte{tag, 0x84, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, content...)
}

// signed returns a document as CMS SignedData has it, without any signature.
func signed(doc []byte, isDefinite bool) []byte {
	element := func(tag byte, parts ...[]byte) []byte { return ber(isDefinite, tag, slices.Concat(parts...)) }
	data := element(tagObjectIdentifier, []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01})
	return element(tagSequence, element(tagObjectIdentifier, signedDataID), element(tagExplicit, element(tagSequence,
		element(tagInteger, []byte{1}), element(tagSet), element(tagSequence, data, element(tagExplicit, element(tagOctets, doc))), element(tagSet))))
}

// TestProfileLikeSettings holds that settings in a profile, signed or not, come to the same as the
// property list alone, with the same errors at their lines.
func TestProfileLikeSettings(t *testing.T) {
	files, err := filepath.Glob("testdata/wrong/*.plist")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, "testdata/complete.plist") {
		doc, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		from, to := strings.Index(string(doc), "<dict>"), strings.LastIndex(string(doc), "</plist>")
		if from < 0 {
			continue // it is wrong in not being a dictionary
		}
		plain := loadNamed(t, doc)
		for name, wrap := range wrappings {
			head, body, tail := wrap(string(doc[from:to]))
			shift := strings.Count(head, "\n") - strings.Count(string(doc[:from]), "\n")
			want := regexp.MustCompile(`FILE:(\d+):`).ReplaceAllStringFunc(plain.errors, func(s string) string {
				n, _ := strconv.Atoi(strings.Trim(s, "FILE:"))
				return fmt.Sprintf("FILE:%d:", n+shift)
			})
			if name == "direct" { // where it belongs
				want = regexp.MustCompile(`.*unknown key "PayloadUUID"\n`).ReplaceAllString(want, "")
			}
			profile := []byte(head + body + tail)
			for form, content := range map[string][]byte{"": profile, ", signed": signed(profile, true), ", signed in parts": signed(profile, false)} {
				got := loadNamed(t, content)
				if got.errors != want {
					t.Errorf("%s, %s%s: got errors\n%s\nwant\n%s", file, name, form, got.errors, want)
				}
				if !reflect.DeepEqual(got.Config, plain.Config) {
					t.Errorf("%s, %s%s: got %+v, want %+v", file, name, form, got.Config, plain.Config)
				}
				if wantForm := map[bool]string{true: Profile, false: SignedProfile}[form == ""]; got.form != wantForm && len(got.form) > 0 {
					t.Errorf("%s, %s%s: got form %q, want %q", file, name, form, got.form, wantForm)
				}
			}
		}
	}
}

type named struct {
	Config
	errors, form string
}

// loadNamed loads a document that --config names.
func loadNamed(t *testing.T, doc []byte) named {
	t.Helper()
	file := write(t, doc, t.TempDir(), "c")
	c, sources, err := Load(Options{File: file})
	var text string
	for _, fault := range Faults(err) {
		text += strings.ReplaceAll(fault.Error(), file, "FILE") + "\n"
	}
	return named{c, text, sources.Form()}
}

// TestProfiles has profiles that are not as they should be.
func TestProfiles(t *testing.T) {
	payload := func(kind, rest string) string {
		return "<dict><key>PayloadType</key><string>" + kind + "</string>" + rest + "</dict>\n"
	}
	sweep := "<key>SweepInterval</key><real>7</real>"
	preferences := func(mode string) string {
		return payload(mcxType, "<key>PayloadContent</key><dict><key>com.hooksnare.agent</key>"+mode+"</dict>")
	}
	forced := func(settings string) string {
		return "<dict><key>Forced</key><array><dict><key>mcx_preference_settings</key>" + settings + "</dict></array></dict>"
	}
	tests := []struct {
		name, doc string
		want      []string // of each error, in order
	}{
		{"two payloads that differ", profileHead + payload(Domain, sweep) + payload(Domain, "<key>RepeatWindow</key><real>60</real>") + profileTail, nil},
		{"direct and forced", profileHead + payload(Domain, sweep) + preferences(forced("<dict><key>RepeatWindow</key><real>60</real></dict>")) + profileTail, nil},
		{"the same key twice", profileHead + payload(Domain, sweep) + payload(Domain, sweep) + profileTail,
			[]string{"FILE:9: SweepInterval: is in two payloads of the profile, PayloadContent[1] and PayloadContent[2]"}},
		{"no payload of ours", profileHead + payload("com.apple.loginwindow", sweep) + profileTail,
			[]string{`FILE:5: PayloadContent: the profile has no settings for com.hooksnare.agent: expected a payload of that type, found only payloads of "com.apple.loginwindow", "com.apple.servicemanagement"`}},
		{"preferences of others", profileHead + payload(mcxType, "<key>PayloadContent</key><dict><key>com.example</key>"+forced("<dict/>")+"</dict>") + profileTail,
			[]string{"FILE:5: PayloadContent: the profile has no settings"}},
		{"not forced", profileHead + preferences("<dict><key>Set-Once</key><array/></dict>") + profileTail,
			[]string{"FILE:5: PayloadContent: the profile has no settings", "FILE:8: PayloadContent[1].PayloadContent.com.hooksnare.agent.Set-Once: expected Forced"}},
		{"not a dictionary", profileHead + preferences(forced("<string>x</string>")) + profileTail,
			[]string{`mcx_preference_settings: expected a dictionary, found the string "x"`}},
		{"no content", "<plist><dict><key>PayloadType</key><string>Configuration</string></dict></plist>",
			[]string{"FILE: PayloadContent: expected the array of payloads of a profile that is not encrypted, found nothing"}},
		{"empty", "<plist><dict><key>PayloadType</key><string>Configuration</string><key>PayloadContent</key><array/></dict></plist>",
			[]string{"FILE:1: PayloadContent: the profile has no settings for com.hooksnare.agent: expected a payload of that type, found no payload"}},
		{"a payload that is no dictionary", profileHead + "<string>x</string>" + payload(Domain, sweep) + profileTail, nil},
		{"too many payloads", profileHead + strings.Repeat(payload(Domain, ""), maxPayloads+1) + profileTail, []string{"FILE:5: PayloadContent: expected at most 16 payloads for com.hooksnare.agent, found 17"}},
		{"signed by nobody knows whom", "0\x82\x00\x01\x00", []string{"FILE: neither a property list nor a signed profile: expected CMS SignedData with the profile in it"}},
		{"signed rubbish", string(signed([]byte("<plist"), true)), []string{"FILE"}},
	}
	for _, tt := range tests {
		got := strings.Split(strings.TrimSuffix(loadNamed(t, []byte(tt.doc)).errors, "\n"), "\n")
		if got[0] == "" {
			got = nil
		}
		ok := len(got) == len(tt.want)
		for i := 0; ok && i < len(got); i++ {
			ok = strings.Contains(got[i], tt.want[i])
		}
		if !ok {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestProfileElsewhere holds that only a file that is named may be a profile: macOS writes the settings
// of a profile to the managed file by themselves.
func TestProfileElsewhere(t *testing.T) {
	root := t.TempDir()
	head, body, tail := wrappings["direct"]("<dict><key>SweepInterval</key><real>7</real></dict>")
	write(t, []byte(head+body+tail), root, ManagedFile)
	if _, _, err := Load(Options{Root: root}); err == nil || !strings.Contains(err.Error(), `unknown key "PayloadContent"`) {
		t.Errorf("got %v, want an error about PayloadContent", err)
	}
}

// TestSignedByOpenSSL reads what a real signer wrote, with lengths of both kinds.
func TestSignedByOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not there")
	}
	dir := t.TempDir()
	certificate, key := pair(t)
	write(t, certificate, dir, "c.pem")
	write(t, key, dir, "k.pem")
	head, body, tail := wrappings["direct"]("<dict><key>SweepInterval</key><real>7</real></dict>")
	doc := []byte(head + body + tail)
	write(t, doc, dir, "doc")
	for _, more := range [][]string{nil, {"-stream"}, {"-stream", "-nocerts"}} {
		args := append([]string{"cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-signer", "c.pem", "-inkey", "k.pem", "-in", "doc", "-out", "signed"}, more...)
		cmd := exec.Command(openssl, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("openssl %q: %v\n%s", args, err, out)
		}
		b, err := os.ReadFile(filepath.Join(dir, "signed"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := signedContent(b); err != nil || !bytes.Equal(got, doc) {
			t.Errorf("openssl %q: got %q, %v, want %q", more, got, err, doc)
		}
	}
}

// TestSignedCut cuts signed profiles after every byte: nothing is read that was not signed.
func TestSignedCut(t *testing.T) {
	doc := []byte("<plist><dict/></plist>")
	for _, isDefinite := range []bool{true, false} {
		whole := signed(doc, isDefinite)
		for n := range whole {
			if got, err := signedContent(whole[:n]); err == nil {
				t.Fatalf("cut after %d of %d bytes (definite: %t): got %q, want an error", n, len(whole), isDefinite, got)
			}
		}
		if got, err := signedContent(whole); err != nil || !bytes.Equal(got, doc) {
			t.Errorf("definite: %t: got %q, %v, want %q", isDefinite, got, err, doc)
		}
	}
}

// FuzzProfile holds that whatever a profile says, what comes of it keeps the promises of a
// configuration, that each error is one printable line, and that a signature changes nothing.
func FuzzProfile(f *testing.F) {
	for _, wrap := range wrappings {
		head, body, tail := wrap("<dict><key>SweepInterval</key><real>7</real><key>Outputs</key><array><dict/></array></dict>")
		doc := []byte(head + body + tail)
		f.Add(doc)
		f.Add(signed(doc, true))
		f.Add(signed(doc, false))
	}
	f.Add([]byte("0\x80\x06\x09"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		c, text := decodeNamed(t, doc)
		for _, isDefinite := range []bool{true, false} {
			content := signed(doc, isDefinite)
			if inner, err := signedContent(content); err != nil || !bytes.Equal(inner, doc) {
				t.Fatalf("signed: got %q, %v, want what was signed", inner, err)
			}
			if isDER(doc) {
				continue // a signature is taken off once
			}
			if got, gotText := decodeNamed(t, content); gotText != text || !reflect.DeepEqual(got, c) {
				t.Errorf("signed: got %+v, %s, want %+v, %s", got, gotText, c, text)
			}
		}
	})
}

// decodeNamed decodes a file that is named, and returns its errors, too.
func decodeNamed(t *testing.T, doc []byte) (Config, string) {
	d, c, text := newDecoder(File, Options{File: "FILE"}), Default(), ""
	d.decodeContent(configKeys(&c), doc)
	valid(t, c, "")
	for _, e := range d.sortedErrors() {
		line := e.Error()
		if !strings.HasPrefix(line, "FILE:") || strings.ContainsFunc(line, unicode.IsControl) {
			t.Errorf("got error %q, want one printable line about FILE", line)
		}
		text += line + "\n"
	}
	return c, text
}
