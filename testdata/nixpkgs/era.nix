# "25.11": goModules and vendorHash are attributes of the derivation, which overrideAttrs reaches.
# "24.05": they are fixed when buildGoModule is called, and overrideAttrs changes them in vain.
"25.11"
