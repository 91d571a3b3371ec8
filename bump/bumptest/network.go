package bumptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"sync"
	"time"
)

// network is the only way out of a world: an HTTP proxy that answers for github.com and the other
// hosts itself, with certificates of its own authority. A host that it does not know is refused
// and remembered.
type network struct {
	url    string // http://127.0.0.1:PORT
	hosts  map[string]http.Handler
	server *http.Server
	inner  *http.Server
	conns  *connListener

	mu      sync.Mutex
	served  map[string]int // host/path to successful downloads
	log     []Request
	refused []string
	broken  map[string]int // end of host and path to HTTP status
}

// Request is one request that reached the world's network.
type Request struct {
	Method string
	URL    string // host, path and query
	Status int
	Header http.Header
}

func newNetwork(hosts map[string]http.Handler) (*network, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	n := &network{
		url: "http://" + listener.Addr().String(), hosts: hosts, served: map[string]int{},
		broken: map[string]int{}, conns: newConnListener(listener.Addr()),
	}
	// clients hang up as they please: git does in the middle of a handshake
	quiet := log.New(io.Discard, "", 0)
	n.server = &http.Server{Handler: http.HandlerFunc(n.proxy), ReadHeaderTimeout: time.Minute, ErrorLog: quiet}
	n.inner = &http.Server{Handler: http.HandlerFunc(n.answer), ReadHeaderTimeout: time.Minute, ErrorLog: quiet}
	go func() { _ = n.server.Serve(listener) }()
	go func() { _ = n.inner.Serve(n.conns) }()
	return n, nil
}

func (n *network) close() error {
	return errors.Join(n.server.Close(), n.inner.Close())
}

// proxy takes CONNECT for https and plain requests for http.
func (n *network) proxy(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		n.answer(w, r)
		return
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil || n.hosts[host] == nil {
		n.mu.Lock()
		n.refused = append(n.refused, r.Host)
		n.mu.Unlock()
		http.Error(w, "no way to "+r.Host+" from the test world", http.StatusBadGateway)
		return
	}
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		http.Error(w, "connection cannot be taken over", http.StatusInternalServerError)
		return
	}
	conn, _, err := hijacker.Hijack()
	if err != nil {
		return
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		conn.Close()
		return
	}
	n.conns.give(tls.Server(conn, &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate(host) },
	}))
}

// answer serves one request by its host, and counts it.
func (n *network) answer(w http.ResponseWriter, r *http.Request) {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	recorder := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	switch handler := n.hosts[host]; {
	case n.isBroken(recorder, host+r.URL.Path):
	case handler != nil:
		handler.ServeHTTP(recorder, r)
	default:
		http.Error(recorder, "no way to "+host+" from the test world", http.StatusBadGateway)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if recorder.status == http.StatusOK && r.Method == http.MethodGet {
		n.served[host+r.URL.Path]++
	}
	n.log = append(n.log,
		Request{Method: r.Method, URL: host + r.URL.RequestURI(), Status: recorder.status, Header: r.Header.Clone()})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// connListener hands connections that are open already to an http.Server.
type connListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
	addr  net.Addr
}

func newConnListener(addr net.Addr) *connListener {
	return &connListener{conns: make(chan net.Conn), done: make(chan struct{}), addr: addr}
}

func (l *connListener) give(conn net.Conn) {
	select {
	case l.conns <- conn:
	case <-l.done:
		conn.Close()
	}
}

func (l *connListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *connListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *connListener) Addr() net.Addr { return l.addr }

// authority signs the certificates of the hosts that the world answers for.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// theAuthority is made once per process; its key never leaves memory.
var theAuthority = sync.OnceValues(func() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ollama-bump test world"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{cert: cert, key: key, pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}, nil
})

var (
	certificatesMu sync.Mutex
	certificates   = map[string]*tls.Certificate{}
)

// certificate is the one for a host, made at the first need.
func certificate(host string) (*tls.Certificate, error) {
	ca, err := theAuthority()
	if err != nil {
		return nil, err
	}
	certificatesMu.Lock()
	defer certificatesMu.Unlock()
	if known := certificates[host]; known != nil {
		return known, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(len(certificates) + 2)), Subject: pkix.Name{CommonName: host},
		DNSNames:  []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, &key.PublicKey, ca.key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate of %s: %w", host, err)
	}
	certificates[host] = &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return certificates[host], nil
}
