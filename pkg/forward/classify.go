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
	for _, describe := range []func(error) (Kind, string){certificateTrouble, tlsTrouble, networkTrouble} {
		if kind, text := describe(err); kind != KindNone {
			return c.newError(kind, err, text)
		}
	}
	return c.newError(KindNetwork, err, printableLine(err.Error()))
}

// certificateTrouble says what is wrong with the receiver's certificate.
func certificateTrouble(err error) (Kind, string) {
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var authority x509.UnknownAuthorityError
	var verification *tls.CertificateVerificationError
	switch {
	case errors.As(err, &name):
		return KindName, "the certificate is not for " + quoteText(name.Host) + " but for " + certificateNames(name.Certificate) + ": use a name that it has, or replace the receiver's certificate"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return KindExpired, "the certificate is valid " + validityPeriod(invalid.Cert) + " only: renew it, or correct the clock of this machine"
	case errors.As(err, &authority):
		return KindAuthority, "the certificate is of an authority that this machine does not trust: name that authority's certificate in CAFile"
	case errors.As(err, &verification) || errors.As(err, &invalid):
		return KindTLS, "the certificate can't be verified: " + printableLine(err.Error())
	}
	return KindNone, ""
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

// Alerts of TLS by which a receiver says what it wants; RFC 8446, section 6.
const (
	alertHandshake           = 40
	alertBadCertificate      = 42
	alertUnknownAuthority    = 48
	alertAccessDenied        = 49
	alertProtocolVersion     = 70
	alertCertificateRequired = 116
)

// tlsTrouble says why a handshake failed other than by the receiver's certificate.
func tlsTrouble(err error) (Kind, string) {
	const old = "does not support TLS 1.2 or later: update the receiver"
	if alert, ok := remoteAlert(err); ok {
		switch {
		case alert == alertProtocolVersion:
			return KindVersion, old
		case alert >= alertBadCertificate && alert <= alertUnknownAuthority, alert == alertAccessDenied, alert == alertCertificateRequired:
			return KindCertificate, "does not accept our client certificate (" + tls.AlertError(alert).Error() + "): check CertificateFile and KeyFile"
		case alert == alertHandshake:
			return KindTLS, "has no cipher in common with us, or wants a client certificate: check the receiver's TLS settings"
		}
		return KindTLS, "ended TLS: " + tls.AlertError(alert).Error()
	}
	text := err.Error()
	_, record := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case strings.Contains(text, "unsupported protocol version"):
		return KindVersion, old
	case record || strings.Contains(text, "HTTP response to HTTPS client"):
		return KindTLS, "does not speak TLS there: check the port"
	case strings.Contains(text, "tls: "):
		return KindTLS, printableLine(text)
	}
	return KindNone, ""
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

// networkTrouble says how a connection failed.
func networkTrouble(err error) (Kind, string) {
	dns, unresolved := errors.AsType[*net.DNSError](err)
	operation, failed := errors.AsType[*net.OpError](err)
	switch {
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
	return KindNone, ""
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) || ok && timeout.Timeout()
}
