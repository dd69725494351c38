package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"github.com/smallstep/pkcs7"

	"hooksnare/packaging/package/macho"
)

// identity is a Developer ID: a certificate with those above it, and its key.
type identity struct {
	chain     []*x509.Certificate // the signer's own first
	key       *rsa.PrivateKey
	timestamp string // URL of a timestamp authority, "" for none
}

// readIdentity reads PEM files: certificates, the signer's own first, and its RSA key. Without both
// there is no identity.
func readIdentity(certificates, key, timestamp string) (*identity, error) {
	if certificates == "" && key == "" {
		return nil, nil
	}
	if certificates == "" || key == "" {
		return nil, errors.New("expected a certificate and its key, found one without the other")
	}
	id := &identity{timestamp: timestamp}
	text, err := os.ReadFile(certificates)
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", certificates, err)
		}
		id.chain = append(id.chain, c)
	}
	if len(id.chain) == 0 {
		return nil, fmt.Errorf("%s: expected certificates in PEM", certificates)
	}
	if id.key, err = readKey(key); err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	if !id.key.PublicKey.Equal(id.chain[0].PublicKey) {
		return nil, fmt.Errorf("%s: is not the key of the first certificate in %s", key, certificates)
	}
	return id, nil
}

func readKey(name string) (*rsa.PrivateKey, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("expected a key in PEM")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("expected an RSA key in PKCS #1 or PKCS #8, without a password")
	}
	if key, ok := key.(*rsa.PrivateKey); ok {
		return key, nil
	}
	return nil, errors.New("expected an RSA key: a Developer ID has one")
}

// team is the team id, which Apple puts into the certificate's organizational unit.
func (id *identity) team() string {
	if units := id.chain[0].Subject.OrganizationalUnit; len(units) > 0 {
		return units[0]
	}
	return ""
}

// Chain, RSA, RSASize, CMS and CMSSize are what package xar wants of who signs an archive.
func (id *identity) Chain() [][]byte {
	var out [][]byte
	for _, c := range id.chain {
		out = append(out, c.Raw)
	}
	return out
}

// RSA returns the PKCS #1 signature of a SHA-1 digest.
func (id *identity) RSA(digest []byte) ([]byte, error) {
	return rsa.SignPKCS1v15(nil, id.key, crypto.SHA1, digest)
}

// RSASize is the size of a signature in bytes.
func (id *identity) RSASize() int { return id.key.Size() }

// CMSSize bounds what CMS returns, in bytes: certificates, attributes and the answer of a timestamp
// authority, which brings certificates too.
func (id *identity) CMSSize() int {
	size := 4<<10 + id.key.Size()
	for _, c := range id.chain {
		size += len(c.Raw)
	}
	if id.timestamp != "" {
		size += maxTimestamp
	}
	return size
}

// CMS returns a detached signature of content.
func (id *identity) CMS(content []byte) ([]byte, error) { return id.sign(content, nil) }

func (id *identity) sign(content []byte, signed []pkcs7.Attribute) ([]byte, error) {
	data, err := pkcs7.NewSignedData(content)
	if err != nil {
		return nil, err
	}
	data.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	config := pkcs7.SignerInfoConfig{ExtraSignedAttributes: signed}
	if err := data.AddSignerChain(id.chain[0], id.key, id.chain[1:], config); err != nil {
		return nil, err
	}
	if id.timestamp != "" {
		signer := &data.GetSignedData().SignerInfos[0]
		token, err := requestTimestamp(context.Background(), id.timestamp, signer.EncryptedDigest)
		if err != nil {
			return nil, fmt.Errorf("timestamp of %s: %w", id.timestamp, err)
		}
		attribute := pkcs7.Attribute{Type: oidTimestampToken, Value: asn1.RawValue{FullBytes: token}}
		if err := signer.SetUnauthenticatedAttributes([]pkcs7.Attribute{attribute}); err != nil {
			return nil, err
		}
	}
	data.Detach()
	return data.Finish()
}

// What codesign adds to the signed attributes: hashes of the code directories.
var (
	oidDirectoryHashes = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 9, 1}
	oidDirectoryHash   = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 9, 2}
	oidSHA256          = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
)

// signCode returns the signature of a code directory.
func (id *identity) signCode(directory []byte) ([]byte, error) {
	sum := sha256.Sum256(directory)
	var list bytes.Buffer
	fmt.Fprintf(&list, `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict><key>cdhashes</key><array><data>%s</data></array></dict></plist>
`, base64.StdEncoding.EncodeToString(sum[:20]))
	return id.sign(directory, []pkcs7.Attribute{
		{Type: oidDirectoryHashes, Value: list.Bytes()},
		{Type: oidDirectoryHash, Value: struct {
			Algorithm asn1.ObjectIdentifier
			Hash      []byte
		}{oidSHA256, sum[:]}},
	})
}

// codeIdentity returns who signs programs: ad hoc without an identity.
func codeIdentity(id *identity) macho.Identity {
	out := macho.Identity{Identifier: agentID}
	if id != nil {
		out.Team, out.Sign, out.Size = id.team(), id.signCode, id.CMSSize()
	}
	return out
}
