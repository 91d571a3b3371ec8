source "$stdenvSetup"
downloadedFile=$out
if [ -n "${downloadToTemp-}" ]; then downloadedFile=$TMPDIR/file; fi
done=
for url in $urls; do
  echo "trying $url"
  if curl --location --fail --silent --show-error --max-time 60 ${NIX_SSL_CERT_FILE:+--cacert "$NIX_SSL_CERT_FILE"} \
    $curlOpts --output "$downloadedFile" "$url"; then
    done=1
    break
  fi
done
if [ -z "$done" ]; then
  echo "error: cannot download ${name} from any mirror"
  exit 1
fi
if [ -n "${executable-}" ]; then chmod +x "$downloadedFile"; fi
runHook postFetch
