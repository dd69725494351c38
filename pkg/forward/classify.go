package forward

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"reflect"
	"strings"
	"time"
)

// classifyError returns the error of a connection, dial or request with its kind of trouble,
// and with what to do about it.
func (c *Config) classifyError(err error) *Error {
	if own, ok := errors.AsType[*Error](err); ok {
		return own
	}
	if request, ok := errors.AsType[*url.Error](err); ok {
		err = request.Err // without the URL, which may hold a secret
	}
	kind, text := describeError(err)
	return c.newError(kind, err, text)
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

// describeError says what is wrong with the receiver's certificate, with TLS, or else with the
// connection.
func describeError(err error) (Kind, string) {
	name, wrongName := errors.AsType[x509.HostnameError](err)
	invalid, isInvalid := errors.AsType[x509.CertificateInvalidError](err)
	_, untrusted := errors.AsType[x509.UnknownAuthorityError](err)
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	alert, alerted := remoteAlert(err)
	_, notTLS := errors.AsType[tls.RecordHeaderError](err)
	dns, unresolved := errors.AsType[*net.DNSError](err)
	operation, failed := errors.AsType[*net.OpError](err)
	text := err.Error()
	switch {
	case wrongName:
		return KindName, "the certificate is not for " + quoteText(name.Host) + " but for " + certificateNames(name.Certificate) + ": use a name that it has, or replace the receiver's certificate"
	case isInvalid && invalid.Reason == x509.Expired:
		return KindExpired, "the certificate is valid " + validityPeriod(invalid.Cert) + " only: renew it, or correct the clock of this machine"
	case untrusted:
		return KindAuthority, "the certificate is of an authority that this machine does not trust: name that authority's certificate in CAFile"
	case unverified || isInvalid:
		return KindTLS, "the certificate can't be verified: " + printableLine(text)
	case alerted && alert == alertProtocolVersion, !alerted && strings.Contains(text, "unsupported protocol version"):
		return KindVersion, "does not support TLS 1.2 or later: update the receiver"
	case alerted && (alert >= alertBadCertificate && alert <= alertUnknownAuthority || alert == alertAccessDenied || alert == alertCertificateRequired):
		return KindCertificate, "does not accept our client certificate (" + tls.AlertError(alert).Error() + "): check CertificateFile and KeyFile"
	case alerted && alert == alertHandshake:
		return KindTLS, "has no cipher in common with us, or wants a client certificate: check the receiver's TLS settings"
	case alerted:
		return KindTLS, "ended TLS: " + tls.AlertError(alert).Error()
	case notTLS || strings.Contains(text, "HTTP response to HTTPS client"):
		return KindTLS, "does not speak TLS there: check the port"
	case strings.Contains(text, "tls: "):
		return KindTLS, printableLine(text)
	case unresolved && dns.IsNotFound:
		return KindNetwork, "no such host: " + quoteText(dns.Name)
	case unresolved:
		return KindNetwork, "name not resolved: " + quoteText(dns.Name)
	case errors.Is(err, context.Canceled):
		return KindNetwork, "stopped before an answer came"
	case isTimeout(err):
		return KindNetwork, "no answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return KindNetwork, "closed the connection before it answered"
	case failed:
		return KindNetwork, printableLine(operation.Op + ": " + operation.Err.Error())
	}
	return KindNetwork, printableLine(text)
}

// certificateNames lists what a certificate is for, bounded.
func certificateNames(cert *x509.Certificate) string {
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
	return quoteText(strings.Join(list, ", "))
}

// validityPeriod says from when to when a certificate is good.
func validityPeriod(cert *x509.Certificate) string {
	if cert == nil {
		return "at another time"
	}
	return "from " + cert.NotBefore.UTC().Format(time.RFC3339) + " to " + cert.NotAfter.UTC().Format(time.RFC3339)
}

// remoteAlert returns the alert by which the other side ended TLS. The type of the error
// is crypto/tls's own, and a number.
func remoteAlert(err error) (uint8, bool) {
	operation, ok := errors.AsType[*net.OpError](err)
	if !ok || operation.Op != "remote error" {
		return 0, false
	}
	v := reflect.ValueOf(operation.Err)
	if v.Kind() != reflect.Uint8 {
		return 0, false
	}
	return uint8(v.Uint()), true
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) || ok && timeout.Timeout()
}
