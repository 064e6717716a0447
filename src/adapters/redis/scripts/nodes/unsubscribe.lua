-- Deletes a named subscription. KEYS: base of the topic, base of the subscription.

if call('HEXISTS', KEYS[1] .. '#subs', KEYS[2]) == 1 then
  changed(KEYS[1], clock())
  call('HDEL', KEYS[1] .. '#subs', KEYS[2])
end
return delete_node(KEYS[2])
