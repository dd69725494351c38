// Package xar writes the archive that a macOS package is: a compressed table of contents in XML,
// its checksum, signatures of that, and the files. Equal files and signatures give equal bytes.
package xar

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

// File is a file of the archive, stored as it is; its name may have folders.
type File struct {
	Name string
	Body []byte
}

// A Signer signs the checksum of the table of contents, twice as productsign does.
type Signer interface {
	// Chain is the signer's certificate and those above it, in DER.
	Chain() [][]byte
	// RSA returns the PKCS #1 signature of a SHA-1 digest, which has RSASize bytes.
	RSA(digest []byte) ([]byte, error)
	RSASize() int
	// CMS returns a detached signature of content, which has at most CMSSize bytes.
	CMS(content []byte) ([]byte, error)
	CMSSize() int
}

// headerSize is that of the archive's header in bytes, and checksumSHA1 its kind of checksum.
const (
	headerSize   = 28
	checksumSHA1 = 1
)

// Write returns an archive of files, made at a time, and signed unless signer is nil.
func Write(files []File, at time.Time, signer Signer) ([]byte, error) {
	var heap bytes.Buffer
	heap.Write(make([]byte, sha1.Size)) // of the table of contents, which is not known yet
	t := table{xml: &strings.Builder{}, heap: &heap}
	t.print(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<xar>\n <toc>\n")
	t.print("  <creation-time>%s</creation-time>\n", at.UTC().Format("2006-01-02T15:04:05"))
	t.print(`  <checksum style="sha1"><offset>0</offset><size>%d</size></checksum>`+"\n", sha1.Size)
	if signer != nil {
		t.signature("signature", "RSA", signer.RSASize(), signer.Chain())
		t.signature("x-signature", "CMS", signer.CMSSize(), signer.Chain())
	}
	t.files(files, "", "  ")
	t.print(" </toc>\n</xar>\n")

	toc := compress([]byte(t.xml.String()))
	sum := sha1.Sum(toc)
	body := heap.Bytes()
	copy(body, sum[:])
	if signer != nil {
		if err := sign(body[sha1.Size:], sum[:], signer); err != nil {
			return nil, err
		}
	}
	header := make([]byte, headerSize)
	copy(header, "xar!")
	binary.BigEndian.PutUint16(header[4:], headerSize)
	binary.BigEndian.PutUint16(header[6:], 1) // version
	binary.BigEndian.PutUint64(header[8:], uint64(len(toc)))
	binary.BigEndian.PutUint64(header[16:], uint64(t.xml.Len()))
	binary.BigEndian.PutUint32(header[24:], checksumSHA1)
	return bytes.Join([][]byte{header, toc, body}, nil), nil
}

// sign puts both signatures where the table of contents says that they are.
func sign(room, sum []byte, signer Signer) error {
	rsa, err := signer.RSA(sum)
	if err != nil {
		return fmt.Errorf("signature of the package: %w", err)
	}
	cms, err := signer.CMS(sum)
	if err != nil {
		return fmt.Errorf("signature of the package: %w", err)
	}
	if len(rsa) != signer.RSASize() || len(cms) > signer.CMSSize() {
		return fmt.Errorf("signatures of the package have %d and %d bytes, expected %d and at most %d", len(rsa), len(cms), signer.RSASize(), signer.CMSSize())
	}
	copy(room, rsa)
	copy(room[len(rsa):], cms)
	return nil
}

// table is a table of contents that is being written, and the heap that it describes.
type table struct {
	xml  *strings.Builder
	heap *bytes.Buffer
	id   int
}

func (t *table) print(format string, values ...any) { fmt.Fprintf(t.xml, format, values...) }

// signature reserves room for a signature.
func (t *table) signature(element, style string, size int, chain [][]byte) {
	t.print("  <%s style=%q><offset>%d</offset><size>%d</size>\n", element, style, t.heap.Len(), size)
	t.print("   <KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data>\n")
	for _, der := range chain {
		t.print("    <X509Certificate>%s</X509Certificate>\n", base64.StdEncoding.EncodeToString(der))
	}
	t.print("   </X509Data></KeyInfo>\n  </%s>\n", element)
	t.heap.Write(make([]byte, size))
}

// files writes the files whose names begin with a prefix, those of one folder together.
func (t *table) files(files []File, prefix, indent string) {
	done := map[string]bool{}
	for _, f := range files {
		rest, here := strings.CutPrefix(f.Name, prefix)
		name, _, isFolder := strings.Cut(rest, "/")
		if !here || done[name] {
			continue
		}
		done[name] = true
		t.id++
		t.print("%s<file id=\"%d\">\n%s <name>%s</name>\n", indent, t.id, indent, escape(name))
		if isFolder {
			t.print("%s <type>directory</type>\n%s <mode>0755</mode>\n", indent, indent)
			t.files(files, prefix+name+"/", indent+" ")
		} else {
			t.print("%s <type>file</type>\n%s <mode>0644</mode>\n", indent, indent)
			t.data(f.Body, indent+" ")
		}
		t.print("%s</file>\n", indent)
	}
}

// data adds the content of a file. The large ones are compressed already.
func (t *table) data(body []byte, indent string) {
	t.print("%s<data>\n%s <length>%d</length>\n%s <size>%d</size>\n%s <offset>%d</offset>\n",
		indent, indent, len(body), indent, len(body), indent, t.heap.Len())
	t.print("%s <encoding style=\"application/octet-stream\"/>\n", indent)
	for _, kind := range []string{"extracted", "archived"} {
		t.print("%s <%s-checksum style=\"sha1\">%x</%s-checksum>\n", indent, kind, sha1.Sum(body), kind)
	}
	t.print("%s</data>\n", indent)
	t.heap.Write(body)
}

func compress(b []byte) []byte {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	z.Write(b) // into memory
	z.Close()
	return out.Bytes()
}

func escape(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // into memory
	return b.String()
}
