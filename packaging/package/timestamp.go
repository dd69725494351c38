package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"time"
)

// maxTimestamp bounds the token of a timestamp authority in bytes, and timestampLimit its answer.
const (
	maxTimestamp   = 16 << 10
	timestampLimit = 30 * time.Second
)

var oidTimestampToken = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}

// requestTimestamp has an authority say when a signature was there, as RFC 3161 describes it, and
// returns its token.
func requestTimestamp(ctx context.Context, url string, signature []byte) ([]byte, error) {
	type imprint struct {
		Algorithm pkix.AlgorithmIdentifier
		Hash      []byte
	}
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(signature)
	query, err := asn1.Marshal(struct {
		Version int
		Imprint imprint
		Nonce   *big.Int
		CertReq bool
	}{1, imprint{pkix.AlgorithmIdentifier{Algorithm: oidSHA256, Parameters: asn1.NullRawValue}, sum[:]}, nonce, true})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, timestampLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(query))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/timestamp-query")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxTimestamp))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %s", response.Status)
	}
	return parseTimestamp(body, sum[:])
}

// parseTimestamp returns the token of an answer, which has to be of this hash.
func parseTimestamp(body, hash []byte) ([]byte, error) {
	var answer struct {
		Status struct {
			Status int
			Text   []asn1.RawValue `asn1:"optional"`
			Fault  asn1.BitString  `asn1:"optional"`
		}
		Token asn1.RawValue `asn1:"optional"`
	}
	if _, err := asn1.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("its answer: %w", err)
	}
	if answer.Status.Status > 1 || len(answer.Token.FullBytes) == 0 { // 0 granted, 1 granted with changes
		return nil, fmt.Errorf("it refused: status %d", answer.Status.Status)
	}
	if !bytes.Contains(answer.Token.FullBytes, hash) {
		return nil, fmt.Errorf("its token is not of this signature")
	}
	return answer.Token.FullBytes, nil
}
