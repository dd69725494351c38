package forward

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"reflect"
	"strings"
	"time"
)

// fail returns an error of this receiver.
func (c *Config) fail(kind Kind, behind error, text string) *Error {
	return &Error{Receiver: c.Name, Kind: kind, Text: text, Err: behind}
}

// classify returns the error of a connection, dial or request with the kind of trouble
// that it is, and says what to do about it.
func (c *Config) classify(err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err // without the URL, which may hold a secret
	}
	if e := c.ofCertificate(err); e != nil {
		return e
	}
	if e := c.ofTLS(err); e != nil {
		return e
	}
	return c.ofNetwork(err)
}

// ofCertificate tells what is wrong with the receiver's certificate.
func (c *Config) ofCertificate(err error) *Error {
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var authority x509.UnknownAuthorityError
	var verification *tls.CertificateVerificationError
	switch {
	case errors.As(err, &name):
		return c.fail(KindName, err, fmt.Sprintf("the certificate is not for %s but for %s: use a name that it has, or mend the receiver's certificate", quote(name.Host), names(name.Certificate)))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return c.fail(KindExpired, err, "the certificate is valid "+validity(invalid.Cert)+" only: renew it, or mend the clock of this machine")
	case errors.As(err, &authority):
		return c.fail(KindAuthority, err, "the certificate is of an authority that this machine does not trust: name that authority's certificate in CAFile")
	case errors.As(err, &verification) || errors.As(err, &invalid):
		return c.fail(KindTLS, err, "the certificate can't be verified: "+line(err.Error()))
	}
	return nil
}

// names lists what a certificate is for, bounded.
func names(cert *x509.Certificate) string {
	if cert == nil {
		return "another name"
	}
	list := append([]string(nil), cert.DNSNames...)
	for _, a := range cert.IPAddresses {
		list = append(list, a.String())
	}
	if len(list) == 0 {
		return "no name at all"
	}
	const most = 3
	if len(list) > most {
		list = append(list[:most], "...")
	}
	return quote(strings.Join(list, ", "))
}

// validity tells from when to when a certificate is good.
func validity(cert *x509.Certificate) string {
	if cert == nil {
		return "at another time"
	}
	return "from " + cert.NotBefore.UTC().Format(time.RFC3339) + " to " + cert.NotAfter.UTC().Format(time.RFC3339)
}

// Alerts of TLS by which a receiver says what it wants; RFC 8446, section 6.
const (
	alertHandshake           = 40
	alertBadCertificate      = 42
	alertUnknownAuthority    = 48
	alertAccessDenied        = 49
	alertProtocolVersion     = 70
	alertCertificateRequired = 116
)

// ofTLS tells why a handshake failed that did not fail by the receiver's certificate.
func (c *Config) ofTLS(err error) *Error {
	const old = "speaks no TLS 1.2 or later: update the receiver"
	text := err.Error()
	if alert, ok := remoteAlert(err); ok {
		switch {
		case alert == alertProtocolVersion:
			return c.fail(KindVersion, err, old)
		case alert >= alertBadCertificate && alert <= alertUnknownAuthority, alert == alertAccessDenied, alert == alertCertificateRequired:
			return c.fail(KindCertificate, err, "does not accept our client certificate ("+tls.AlertError(alert).Error()+"): look at CertificateFile and KeyFile")
		case alert == alertHandshake:
			return c.fail(KindTLS, err, "shares no way to encrypt with us, or wants a client certificate: look at the receiver's TLS settings")
		}
		return c.fail(KindTLS, err, "ended TLS: "+tls.AlertError(alert).Error())
	}
	var record tls.RecordHeaderError
	switch {
	case strings.Contains(text, "unsupported protocol version"):
		return c.fail(KindVersion, err, old)
	case errors.As(err, &record) || strings.Contains(text, "HTTP response to HTTPS client"):
		return c.fail(KindTLS, err, "does not speak TLS there: look at the port")
	case strings.Contains(text, "tls: "):
		return c.fail(KindTLS, err, line(text))
	}
	return nil
}

// remoteAlert returns the alert by which the other side ended TLS. The type of the error
// is crypto/tls's own, and a number.
func remoteAlert(err error) (uint8, bool) {
	var operation *net.OpError
	if !errors.As(err, &operation) || operation.Op != "remote error" {
		return 0, false
	}
	v := reflect.ValueOf(operation.Err)
	if v.Kind() != reflect.Uint8 {
		return 0, false
	}
	return uint8(v.Uint()), true
}

// ofNetwork tells how a connection failed.
func (c *Config) ofNetwork(err error) *Error {
	var dns *net.DNSError
	var timeout net.Error
	var operation *net.OpError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return c.fail(KindNetwork, err, "no such host: "+quote(dns.Name))
	case errors.As(err, &dns):
		return c.fail(KindNetwork, err, "name not resolved: "+quote(dns.Name))
	case errors.Is(err, context.Canceled):
		return c.fail(KindNetwork, err, "stopped before an answer came")
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return c.fail(KindNetwork, err, "no answer in time")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return c.fail(KindNetwork, err, "closed the connection before it answered")
	case errors.As(err, &operation):
		return c.fail(KindNetwork, err, line(operation.Op+": "+operation.Err.Error()))
	}
	return c.fail(KindNetwork, err, line(err.Error()))
}
